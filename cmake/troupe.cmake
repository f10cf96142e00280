# How a room, a program and a test are declared.

add_library(troupe_flags INTERFACE)
target_include_directories(troupe_flags INTERFACE
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>)
# Actors move between threads: what the C library's headers let compilers keep of a thread (errno's address, the tables
# of isalpha and its kin) is asked for anew each time. See runtime/actor/errno.h.
target_compile_definitions(troupe_flags INTERFACE _GNU_SOURCE __NO_CTYPE)
target_compile_options(troupe_flags INTERFACE
  "$<$<COMPILE_LANGUAGE:C>:SHELL:-include ${PROJECT_SOURCE_DIR}/runtime/actor/errno.h>")
target_compile_options(troupe_flags INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes
  -Wpointer-arith -Wcast-qual -Wwrite-strings -Wundef -Wvla -Wformat=2 -Werror
  -fno-omit-frame-pointer -fno-common)
foreach(san IN LISTS TROUPE_SANITIZE)
  target_compile_options(troupe_flags INTERFACE -fsanitize=${san})
  target_link_options(troupe_flags INTERFACE -fsanitize=${san})
  if(san STREQUAL "undefined")
    target_compile_options(troupe_flags INTERFACE -fno-sanitize-recover=undefined)
  endif()
endforeach()
if(TROUPE_FUZZ)
  target_compile_options(troupe_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(TROUPE_COVERAGE)
  target_compile_options(troupe_flags INTERFACE --coverage)
  target_link_options(troupe_flags INTERFACE --coverage)
endif()

# troupe_room(NAME [DIRS folder…] [USES room…] [LIBS library…]): every .c below these folders (default: the calling one).
# NAME is the archive; tests link it and get what it uses. All rooms together are libtroupe.
function(troupe_room name)
  cmake_parse_arguments(R "" "" "DIRS;USES;LIBS" ${ARGN})
  if(NOT R_DIRS)
    set(R_DIRS .)
  endif()
  set(sources)
  foreach(dir IN LISTS R_DIRS)
    file(GLOB_RECURSE found CONFIGURE_DEPENDS
      ${CMAKE_CURRENT_SOURCE_DIR}/${dir}/*.c ${CMAKE_CURRENT_SOURCE_DIR}/${dir}/*.S)
    list(APPEND sources ${found})
  endforeach()
  if(NOT sources)
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE troupe_flags ${R_USES} ${R_LIBS})
    return()
  endif()
  add_library(${name}_objects OBJECT ${sources})
  target_link_libraries(${name}_objects PRIVATE troupe_flags)
  target_compile_definitions(${name}_objects PRIVATE TROUPE_BUILDING)
  foreach(use IN LISTS R_USES R_LIBS)
    target_link_libraries(${name}_objects PRIVATE ${use})
  endforeach()
  add_library(${name} STATIC)
  target_sources(${name} PRIVATE $<TARGET_OBJECTS:${name}_objects>)
  set_target_properties(${name} PROPERTIES LINKER_LANGUAGE C)
  target_link_libraries(${name} PUBLIC troupe_flags ${R_USES} ${R_LIBS})
  set_property(GLOBAL APPEND PROPERTY TROUPE_ROOMS ${name}_objects)
  set_property(GLOBAL APPEND PROPERTY TROUPE_LIBS ${R_LIBS})
endfunction()

# TROUPE_VALGRIND: unit tests run under memcheck. Stacks of actors are made known to it (runtime/actor/stack.c); children
# of tests that fork are other programs and not looked at. What is still reachable at the end is no leak: the atom table
# stays for as long as the process.
set(TROUPE_TEST_LAUNCHER)
if(TROUPE_VALGRIND)
  find_program(VALGRIND valgrind REQUIRED)
  set(TROUPE_TEST_LAUNCHER ${VALGRIND} --quiet --error-exitcode=99 --leak-check=full --show-leak-kinds=definite
    --errors-for-leak-kinds=definite --child-silent-after-fork=yes --fair-sched=yes --num-callers=24
    --suppressions=${PROJECT_SOURCE_DIR}/cmake/valgrind.supp)
endif()

# troupe_labelled(TARGET LABEL…): what tests with these labels run; it is built by tests_<label>.
function(troupe_labelled target)
  foreach(label IN LISTS ARGN)
    if(NOT TARGET tests_${label})
      add_custom_target(tests_${label})
    endif()
    add_dependencies(tests_${label} ${target})
  endforeach()
endfunction()

# troupe_test(FLOOR NAME SOURCES… USES room… [ARGS …] [TIMEOUT s] [LABELS …]): a cmocka program, listed as FLOOR.NAME.
function(troupe_test floor name)
  cmake_parse_arguments(T "" "TIMEOUT" "SOURCES;USES;LABELS;ENV" ${ARGN})
  set(target test_${floor}_${name})
  string(REPLACE "." "_" target ${target})
  add_executable(${target} ${T_SOURCES})
  troupe_labelled(${target} ${floor} ${T_LABELS})
  target_link_libraries(${target} PRIVATE troupe_flags ${T_USES} PkgConfig::cmocka)
  target_compile_definitions(${target} PRIVATE TEST_SOURCE_DIR="${PROJECT_SOURCE_DIR}")
  add_test(NAME ${floor}.${name} COMMAND ${TROUPE_TEST_LAUNCHER} $<TARGET_FILE:${target}>)
  if(NOT T_TIMEOUT)
    set(T_TIMEOUT 900)
  endif()
  if(TROUPE_TEST_LAUNCHER)
    math(EXPR T_TIMEOUT "${T_TIMEOUT} * 5")
    list(APPEND T_ENV UNDER_VALGRIND=1) # for tests whose size would take minutes there
  endif()
  if(TROUPE_SANITIZE)
    list(APPEND T_ENV UNDER_SANITIZER=1)
  endif()
  set(program)
  if(TARGET troupe) # a tree without the program still has its unit tests
    set(program $<TARGET_FILE:troupe>)
  endif()
  set_tests_properties(${floor}.${name} PROPERTIES TIMEOUT ${T_TIMEOUT} LABELS "${floor};${T_LABELS}"
    ENVIRONMENT "TROUPE=${program};TROUPE_SOURCE=${PROJECT_SOURCE_DIR};${T_ENV}")
endfunction()
