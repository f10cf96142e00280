# A file as a C array of bytes: cmake -DIN=file -DOUT=file.c -DNAME=name -DHEADER=header -P embed.cmake
file(READ "${IN}" bytes HEX)
file(SIZE "${IN}" size)
string(REGEX REPLACE "(................................)" "\\1\n" lines "${bytes}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," lines "${lines}")
file(WRITE "${OUT}" "/* SPDX-License-Identifier: Apache-2.0 */
/* Generated from ${NAME}. */
#include \"${HEADER}\"

const size_t ${NAME}_size = ${size};
const char ${NAME}[] = {
${lines}
0x00};
")
