/* SPDX-License-Identifier: Apache-2.0 */
/* Template text to tokens, one at a time: white-space control, raw blocks and comments are settled here. */
#ifndef TROUPE_TEMPLATE_LEXER_H
#define TROUPE_TEMPLATE_LEXER_H

#include <troupe/template.h>

enum token_kind {
	T_EOF,
	T_DATA,      /* text between tags, to be taken as it is */
	T_VAR_BEGIN, /* {{ */
	T_VAR_END,
	T_BLOCK_BEGIN, /* {% */
	T_BLOCK_END,
	T_NAME,
	T_STRING, /* with its quotes */
	T_INTEGER,
	T_FLOAT,
	T_ADD,
	T_SUB,
	T_MUL,
	T_DIV,
	T_FLOORDIV,
	T_MOD,
	T_POW,
	T_TILDE,
	T_EQ,
	T_NE,
	T_LT,
	T_LE,
	T_GT,
	T_GE,
	T_ASSIGN,
	T_DOT,
	T_COLON,
	T_COMMA,
	T_PIPE,
	T_SEMICOLON,
	T_LPAREN,
	T_RPAREN,
	T_LBRACKET,
	T_RBRACKET,
	T_LBRACE,
	T_RBRACE
};

struct token {
	enum token_kind kind;
	uint32_t start, end; /* byte offsets in the source */
};

enum lexer_state {
	LEX_TEXT,
	LEX_VAR,
	LEX_BLOCK,
	LEX_RAW
};

struct lexer {
	tr_str source;
	bool trim_blocks, lstrip_blocks;
	enum lexer_state state;
	size_t pos;
	bool line_starting; /* the last match ended a line, or none was made */
	bool had_data, had_comment;
	size_t tag; /* where the tag being read begins */
	char *open; /* brackets not closed yet, innermost last */
	size_t nopen, open_cap;
	tr_template_error *error;
};

/* The source must stay. `state` is LEX_TEXT, or LEX_VAR for a bare expression (then no end tag is needed). */
void lexer_init(struct lexer *lex, tr_str source, enum lexer_state state, const tr_template_options *options,
		tr_template_error *error);
void lexer_fini(struct lexer *lex);
/* The next token; false with lex->error filled when the text is at fault. */
bool lexer_next(struct lexer *lex, struct token *out);

/* What a token is called in messages: "end of print statement", "','", "name 'x'". */
void token_describe(const struct lexer *lex, const struct token *token, char *out, size_t n);
const char *token_kind_name(enum token_kind kind);

#endif
