/* SPDX-License-Identifier: Apache-2.0 */
/* Symbols by reading /proc/self/maps and the ELF files that it names. */
#include "runtime/actor/symbol.h"

#include <elf.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define PATH_BYTES 512

/* ---- which file ---------------------------------------------------------------------------------------------------
 */

/* A line of /proc/self/maps: "from-to perms offset device inode path". */
struct mapping {
	uintptr_t from, to, offset, inode;
	char path[PATH_BYTES];
};

struct lines {
	int fd;
	size_t n, at;
	char buffer[4096];
};

static int next_char(struct lines *l)
{
	if (l->at == l->n) {
		ssize_t got = read(l->fd, l->buffer, sizeof l->buffer);
		if (got <= 0)
			return -1;
		l->n = (size_t)got;
		l->at = 0;
	}
	return (unsigned char)l->buffer[l->at++];
}

/* A hexadecimal number; *end is what stood behind it. */
static uintptr_t hex(struct lines *l, int *end)
{
	uintptr_t v = 0;
	for (;;) {
		int c = *end = next_char(l);
		if (c >= '0' && c <= '9')
			v = v * 16 + (uintptr_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			v = v * 16 + (uintptr_t)(c - 'a' + 10);
		else
			return v;
	}
}

static bool skip_word(struct lines *l)
{
	int c = next_char(l);
	while (c != ' ' && c >= 0 && c != '\n')
		c = next_char(l);
	return c == ' ';
}

static bool next_mapping(struct lines *l, struct mapping *m)
{
	int c;
	size_t n = 0;
	m->from = hex(l, &c);
	if (c != '-')
		return false;
	m->to = hex(l, &c);
	if (!skip_word(l)) /* permissions */
		return false;
	m->offset = hex(l, &c);
	if (!skip_word(l)) /* device */
		return false;
	for (m->inode = 0; (c = next_char(l)) >= '0' && c <= '9';)
		m->inode = m->inode * 10 + (uintptr_t)(c - '0');
	while (c == ' ')
		c = next_char(l);
	for (; c >= 0 && c != '\n'; c = next_char(l))
		if (n + 1 < sizeof m->path)
			m->path[n++] = (char)c;
	m->path[n] = 0;
	return c >= 0;
}

/* The mapping that holds the address. */
static bool find_mapping(const void *address, struct mapping *m)
{
	struct lines l = {.fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC)};
	bool found = false;
	if (l.fd < 0)
		return false;
	while (!found && next_mapping(&l, m))
		found = (uintptr_t)address >= m->from && (uintptr_t)address < m->to;
	close(l.fd);
	return found && m->path[0] == '/';
}

/* ---- which function -----------------------------------------------------------------------------------------------
 */

struct image {
	const char *bytes;
	size_t n;
};

static bool image_open(struct image *image, const char *path)
{
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	void *bytes = MAP_FAILED;
	if (fd < 0)
		return false;
	if (fstat(fd, &st) == 0 && st.st_size >= (off_t)sizeof(Elf64_Ehdr))
		bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (bytes == MAP_FAILED)
		return false;
	*image = (struct image){bytes, (size_t)st.st_size};
	return true;
}

/* A plugin's code is mapped from memory that has no path, but a descriptor: that is where links lead to it. */
#define FDS_MAX 1024u

static void put_number(char *out, unsigned number)
{
	char digits[12];
	size_t n = 0;
	do
		digits[n++] = (char)('0' + number % 10);
	while ((number /= 10) != 0);
	while (n > 0)
		*out++ = digits[--n];
	*out = 0;
}

static bool image_open_memory(struct image *image, const struct mapping *m)
{
	char link[32] = "/proc/self/fd/", target[PATH_BYTES];
	struct stat st;
	for (unsigned fd = 0; fd < FDS_MAX; fd++) {
		put_number(link + sizeof "/proc/self/fd/" - 1, fd);
		ssize_t n = readlink(link, target, sizeof target - 1);
		if (n <= 0)
			continue;
		target[n] = 0;
		/* Two versions of a plugin may have one name. */
		if (strcmp(target, m->path) == 0 && fstat((int)fd, &st) == 0 && st.st_ino == m->inode)
			return image_open(image, link);
	}
	return false;
}

/* A part of the file, NULL when it is not whole. */
static const void *part(const struct image *image, uint64_t offset, uint64_t n)
{
	return offset <= image->n && n <= image->n - offset && offset % 8 == 0 ? image->bytes + offset : NULL;
}

/* Where the file's byte at `offset` thinks it is loaded: addresses in the file minus addresses in memory are the same
 * all over an object. */
static bool address_in_file(const struct image *image, const struct mapping *m, uintptr_t address, uintptr_t *in_file)
{
	const Elf64_Ehdr *head = part(image, 0, sizeof *head);
	const Elf64_Phdr *segments =
	    head == NULL ? NULL : part(image, head->e_phoff, (uint64_t)head->e_phnum * sizeof *segments);
	uint64_t offset = m->offset + (address - m->from);
	if (segments == NULL || memcmp(head->e_ident, ELFMAG, SELFMAG) != 0 || head->e_ident[EI_CLASS] != ELFCLASS64)
		return false;
	for (size_t i = 0; i < head->e_phnum; i++) {
		const Elf64_Phdr *s = &segments[i];
		if (s->p_type != PT_LOAD || offset < s->p_offset || offset - s->p_offset >= s->p_filesz)
			continue;
		*in_file = (uintptr_t)(offset - s->p_offset + s->p_vaddr);
		return true;
	}
	return false;
}

static void keep_name(struct symbol *symbol, const char *name, size_t room, uintptr_t value)
{
	size_t n = strnlen(name, room);
	if (n >= sizeof symbol->function)
		n = sizeof symbol->function - 1;
	memcpy(symbol->function, name, n);
	symbol->function[n] = 0;
	symbol->offset = symbol->in_file - value;
}

static bool holds(const Elf64_Sym *e, uintptr_t address)
{
	return address >= e->st_value && address - e->st_value < e->st_size;
}

/* Look through one table of symbols for the functions that these addresses (all of this file) are in. */
static void look_through(const struct image *image, const Elf64_Shdr *sections, const Elf64_Shdr *table,
			 struct symbol *const *wanted, size_t n)
{
	const Elf64_Shdr *names = &sections[table->sh_link];
	const Elf64_Sym *entries = part(image, table->sh_offset, table->sh_size);
	if (entries == NULL || names->sh_offset > image->n || names->sh_size > image->n - names->sh_offset)
		return;
	for (size_t i = 0; i < table->sh_size / sizeof *entries; i++) {
		const Elf64_Sym *e = &entries[i];
		if (ELF64_ST_TYPE(e->st_info) != STT_FUNC || e->st_shndx == SHN_UNDEF || e->st_name >= names->sh_size)
			continue;
		for (size_t k = 0; k < n; k++)
			if (holds(e, wanted[k]->in_file - wanted[k]->returns))
				keep_name(wanted[k], image->bytes + names->sh_offset + e->st_name,
					  (size_t)(names->sh_size - e->st_name), (uintptr_t)e->st_value);
	}
}

static void name_functions(const struct image *image, struct symbol *const *wanted, size_t n)
{
	const Elf64_Ehdr *head = part(image, 0, sizeof *head);
	const Elf64_Shdr *sections =
	    head == NULL ? NULL : part(image, head->e_shoff, (uint64_t)head->e_shnum * sizeof *sections);
	static const Elf64_Word kinds[] = {SHT_DYNSYM, SHT_SYMTAB}; /* the fuller one last */
	for (size_t k = 0; sections != NULL && k < 2; k++)
		for (size_t i = 0; i < head->e_shnum; i++)
			if (sections[i].sh_type == kinds[k] && sections[i].sh_link < head->e_shnum)
				look_through(image, sections, &sections[i], wanted, n);
}

/* ---- all ----------------------------------------------------------------------------------------------------------
 */

#define AT_ONCE 32

/* "/memfd:name (deleted)" */
#define MEMORY "/memfd:"

static bool is_memory(const char *path)
{
	return strncmp(path, MEMORY, sizeof MEMORY - 1) == 0;
}

static void keep_object(struct symbol *symbol, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *base = slash != NULL ? slash + 1 : path;
	size_t n = strnlen(base, sizeof symbol->object - 1);
	if (is_memory(path)) {
		base += sizeof MEMORY - 2;
		n = strcspn(base, " ");
		if (n >= sizeof symbol->object)
			n = sizeof symbol->object - 1;
	}
	memcpy(symbol->object, base, n);
	symbol->object[n] = 0;
}

/* The first address that has no object yet, and all others of the same mapping. */
static void find_same_file(struct symbol *symbols, size_t first, size_t n)
{
	struct mapping m;
	struct image image = {NULL, 0};
	struct symbol *wanted[AT_ONCE];
	size_t n_wanted = 0;
	if (symbols[first].address == NULL || !find_mapping(symbols[first].address, &m))
		return;
	/* A file that is gone still has its name and the place in it. */
	bool open = is_memory(m.path) ? image_open_memory(&image, &m) : image_open(&image, m.path);
	for (size_t i = first; i < n && n_wanted < AT_ONCE; i++) {
		uintptr_t address = (uintptr_t)symbols[i].address;
		if (symbols[i].object[0] != 0 || address < m.from || address >= m.to)
			continue;
		keep_object(&symbols[i], m.path);
		symbols[i].offset = symbols[i].in_file = address - m.from + m.offset;
		if (open && address_in_file(&image, &m, address, &symbols[i].in_file))
			wanted[n_wanted++] = &symbols[i];
	}
	if (!open)
		return;
	name_functions(&image, wanted, n_wanted);
	(void)munmap((void *)(uintptr_t)image.bytes, image.n);
}

void symbols_find(struct symbol *symbols, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct symbol bare = {.address = symbols[i].address, .returns = symbols[i].returns};
		symbols[i] = bare;
	}
	for (size_t i = 0; i < n; i++)
		if (symbols[i].object[0] == 0)
			find_same_file(symbols, i, n);
}
