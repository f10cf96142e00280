/* SPDX-License-Identifier: Apache-2.0 */
/**
 * What can be told of a shared object without running any of it: its manifest and the ABI it was built for. A small
 * bounded reader of ELF64 files of this machine; every offset and size is checked against the file before it is
 * followed. Pure functions over bytes.
 */
#ifndef TROUPE_PLUGINS_HOST_ELF_H
#define TROUPE_PLUGINS_HOST_ELF_H

#include <troupe/base.h>

#define PLUGIN_SECTION ".troupe.manifest"
#define PLUGIN_SYMBOL  "tr_plugin_main"

typedef struct elf_plugin {
	tr_str manifest; /* a view into the bytes */
	uint32_t abi;    /* of tr_plugin_main */
	uint32_t size;
} elf_plugin;

/** TR_OK, or why not with a text for people in `why`: TR_ECORRUPT (no ELF, cut off, contradictory), TR_EUNSUPPORTED
 * (another machine), TR_ENOENT (no manifest or no tr_plugin_main: not a plugin). */
tr_err elf_plugin_read(tr_str bytes, elf_plugin *out, char *why, size_t why_size);

#endif
