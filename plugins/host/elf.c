/* SPDX-License-Identifier: Apache-2.0 */
/* ELF64 by section headers: the manifest's section, and the first words of the symbol tr_plugin_main. */
#include "plugins/host/elf.h"
#include "plugins/host/manifest.h"
#include <elf.h>
#include <stdio.h>
#include <string.h>

#if defined(__x86_64__)
#define MACHINE EM_X86_64
#elif defined(__aarch64__)
#define MACHINE EM_AARCH64
#elif defined(__riscv)
#define MACHINE EM_RISCV
#else
#error "name this machine's ELF number here"
#endif

#define MAX_SECTIONS 4096u
#define MAX_SYMBOLS  1000000u

typedef struct reader {
	tr_str file;
	Elf64_Ehdr head;
	char *why;
	size_t why_size;
} reader;

static tr_err refuse(const reader *r, tr_err err, const char *text)
{
	snprintf(r->why, r->why_size, "%s", text);
	return err;
}

/* n bytes at `at`, or NULL. Never overflows. */
static const char *bytes_at(const reader *r, uint64_t at, uint64_t n)
{
	if (at > r->file.n || n > r->file.n - at)
		return NULL;
	return r->file.p + at;
}

static bool copy_at(const reader *r, uint64_t at, void *to, size_t n)
{
	const char *from = bytes_at(r, at, n);

	if (from == NULL)
		return false;
	memcpy(to, from, n);
	return true;
}

static bool section_at(const reader *r, uint64_t i, Elf64_Shdr *out)
{
	return i < r->head.e_shnum && copy_at(r, r->head.e_shoff + i * sizeof(Elf64_Shdr), out, sizeof(*out));
}

/* Is the name at `at` of a string table exactly `want`? Looks at no more bytes than `want` has. */
static bool name_is(const reader *r, const Elf64_Shdr *strings, uint64_t at, const char *want)
{
	size_t n = strlen(want) + 1;

	if (strings->sh_type != SHT_STRTAB || at > strings->sh_size || n > strings->sh_size - at ||
	    at > UINT64_MAX - strings->sh_offset)
		return false;
	const char *name = bytes_at(r, strings->sh_offset + at, n);
	return name != NULL && memcmp(name, want, n) == 0;
}

static tr_err read_head(reader *r)
{
	if (r->file.n < SELFMAG || memcmp(r->file.p, ELFMAG, SELFMAG) != 0)
		return refuse(r, TR_ECORRUPT, "is no ELF file; a plugin is a shared object (.so)");
	if (!copy_at(r, 0, &r->head, sizeof(r->head)))
		return refuse(r, TR_ECORRUPT, "is cut off in the ELF header; build or copy it again");
	if (r->head.e_ident[EI_CLASS] != ELFCLASS64 || r->head.e_ident[EI_DATA] != ELFDATA2LSB ||
	    r->head.e_machine != MACHINE)
		return refuse(r, TR_EUNSUPPORTED, "was built for another machine; build it for this one");
	if (r->head.e_type != ET_DYN)
		return refuse(r, TR_EUNSUPPORTED, "is no shared object; link it with -shared");
	if (r->head.e_shentsize != sizeof(Elf64_Shdr) || r->head.e_shnum == 0 || r->head.e_shnum > MAX_SECTIONS ||
	    r->head.e_shoff > r->file.n ||
	    bytes_at(r, r->head.e_shoff, (uint64_t)r->head.e_shnum * sizeof(Elf64_Shdr)) == NULL)
		return refuse(
		    r, TR_ECORRUPT,
		    "has no complete section table: it is cut off or was stripped of it; build or copy it again");
	return TR_OK;
}

static tr_err find_manifest(const reader *r, elf_plugin *out)
{
	Elf64_Shdr names, s;

	if (!section_at(r, r->head.e_shstrndx, &names))
		return refuse(r, TR_ECORRUPT, "has no section names");
	for (uint64_t i = 0; i < r->head.e_shnum; i++) {
		if (!section_at(r, i, &s))
			return refuse(r, TR_ECORRUPT, "has a damaged section table");
		if (!name_is(r, &names, s.sh_name, PLUGIN_SECTION))
			continue;
		out->manifest = (tr_str){bytes_at(r, s.sh_offset, s.sh_size), (size_t)s.sh_size};
		if (s.sh_type != SHT_PROGBITS || out->manifest.p == NULL)
			return refuse(r, TR_ECORRUPT, "has a manifest that lies outside the file");
		if (s.sh_size > MANIFEST_MAX_BYTES)
			return refuse(r, TR_ECORRUPT, "has a manifest over 256 KiB");
		return TR_OK;
	}
	return refuse(r, TR_ENOENT, "has no manifest; write one with TR_PLUGIN_MANIFEST");
}

/* The file offset of an address, by the section that holds it. */
static bool offset_of(const reader *r, uint64_t address, uint64_t n, uint64_t *out)
{
	Elf64_Shdr s;

	for (uint64_t i = 0; section_at(r, i, &s); i++) {
		if ((s.sh_flags & SHF_ALLOC) == 0 || s.sh_type == SHT_NOBITS || (s.sh_flags & SHF_TLS) != 0)
			continue;
		if (address < s.sh_addr || address - s.sh_addr > s.sh_size || n > s.sh_size - (address - s.sh_addr))
			continue;
		*out = s.sh_offset + (address - s.sh_addr);
		return *out >= s.sh_offset;
	}
	return false;
}

static tr_err read_symbol(const reader *r, const Elf64_Sym *sym, elf_plugin *out)
{
	uint64_t at;
	uint32_t words[2];

	if (sym->st_size < sizeof(words) || !offset_of(r, sym->st_value, sizeof(words), &at) ||
	    !copy_at(r, at, words, sizeof(words)))
		return refuse(r, TR_ECORRUPT, "has a tr_plugin_main that lies outside its data");
	out->abi = words[0];
	out->size = words[1];
	return TR_OK;
}

static tr_err find_symbol(const reader *r, const Elf64_Shdr *table, elf_plugin *out)
{
	Elf64_Shdr strings;
	Elf64_Sym sym;
	uint64_t n = table->sh_size / sizeof(sym);

	if (table->sh_entsize != sizeof(sym) || n > MAX_SYMBOLS || !section_at(r, table->sh_link, &strings) ||
	    bytes_at(r, table->sh_offset, table->sh_size) == NULL)
		return refuse(r, TR_ECORRUPT, "has a damaged symbol table");
	for (uint64_t i = 1; i < n; i++) {
		if (!copy_at(r, table->sh_offset + i * sizeof(sym), &sym, sizeof(sym)))
			break;
		if (sym.st_shndx != SHN_UNDEF && name_is(r, &strings, sym.st_name, PLUGIN_SYMBOL))
			return read_symbol(r, &sym, out);
	}
	return refuse(r, TR_ENOENT, "exports no tr_plugin_main; write it with TR_PLUGIN_EXPORT");
}

tr_err elf_plugin_read(tr_str bytes, elf_plugin *out, char *why, size_t why_size)
{
	reader r = {.file = bytes, .why = why, .why_size = why_size};
	Elf64_Shdr s;

	memset(out, 0, sizeof(*out));
	tr_err err = read_head(&r);
	if (err == TR_OK)
		err = find_manifest(&r, out);
	if (err != TR_OK)
		return err;
	for (uint64_t i = 0; section_at(&r, i, &s); i++)
		if (s.sh_type == SHT_DYNSYM)
			return find_symbol(&r, &s, out);
	return refuse(&r, TR_ENOENT, "has no dynamic symbols; link it with -shared");
}
