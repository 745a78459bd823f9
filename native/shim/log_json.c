/* One line of Docker's json-file format:
 *   {"log":"text\n","stream":"stdout","attrs":{…},"time":"2026-01-02T03:04:05.000000006Z"}
 * `attrs` comes ready with its comma. A part of a line has no \n at its end. Escapes are those of Go's encoding/json; what
 * is no UTF-8 becomes U+FFFD, byte by byte. */
#include <string.h>
#include <time.h>
#include "shim.h"

static char *text(char *to, const char *from, size_t length)
{
	memcpy(to, from, length);
	return to + length;
}

#define LITERAL(to, literal) text((to), (literal), sizeof(literal) - 1)

/* Length of the UTF-8 sequence at s (RFC 3629: no overlong forms, no surrogates), 0 when it is none. */
static uint32_t sequence(const unsigned char *s, uint32_t left)
{
	uint32_t need = s[0] >= 0xf0 ? 4 : s[0] >= 0xe0 ? 3 : 2;
	unsigned char low = 0x80, high = 0xbf;
	if (s[0] < 0xc2 || s[0] > 0xf4 || need > left)
		return 0;
	if (s[0] == 0xe0)
		low = 0xa0;
	else if (s[0] == 0xed)
		high = 0x9f;
	else if (s[0] == 0xf0)
		low = 0x90;
	else if (s[0] == 0xf4)
		high = 0x8f;
	if (s[1] < low || s[1] > high)
		return 0;
	for (uint32_t i = 2; i < need; i++)
		if (s[i] < 0x80 || s[i] > 0xbf)
			return 0;
	return need;
}

static int is_plain(unsigned char c)
{
	return c >= 0x20 && c < 0x80 && c != '"' && c != '\\' && c != '<' && c != '>' && c != '&';
}

static char *escape_ascii(char *to, unsigned char c)
{
	static const char hex[] = "0123456789abcdef";
	*to++ = '\\';
	if (c == '"' || c == '\\') {
		*to++ = (char)c;
	} else if (c == '\n') {
		*to++ = 'n';
	} else if (c == '\r') {
		*to++ = 'r';
	} else {
		to = LITERAL(to, "u00");
		*to++ = hex[c >> 4];
		*to++ = hex[c & 15];
	}
	return to;
}

static char *escape(char *to, const char *from, uint32_t length)
{
	const unsigned char *s = (const unsigned char *)from;
	for (uint32_t i = 0; i < length;) {
		uint32_t run = i;
		while (run < length && is_plain(s[run]))
			run++;
		if (run > i) {
			to = text(to, from + i, run - i);
			i = run;
		} else if (s[i] < 0x80) {
			to = escape_ascii(to, s[i++]);
		} else {
			uint32_t n = sequence(s + i, length - i);
			if (!n) {
				to = LITERAL(to, "\\ufffd");
				i++;
			} else if (n == 3 && s[i] == 0xe2 && s[i + 1] == 0x80 && (s[i + 2] | 1) == 0xa9) {
				to = text(to, s[i + 2] == 0xa8 ? "\\u2028" : "\\u2029", 6);
				i += 3;
			} else {
				to = text(to, from + i, n);
				i += n;
			}
		}
	}
	return to;
}

static char *digits(char *to, uint32_t value, int count)
{
	for (int i = count - 1; i >= 0; i--, value /= 10)
		to[i] = (char)('0' + value % 10);
	return to + count;
}

/* RFC 3339 in UTC, the fraction without its last zeros. Entries of one read have one time. */
static char *timestamp(char *to, uint64_t ns)
{
	static uint64_t made_for = ~0ull;
	static char made[40];
	static size_t length;
	if (ns != made_for) {
		time_t seconds = (time_t)(ns / 1000000000u);
		struct tm t;
		gmtime_r(&seconds, &t);
		char *p = digits(made, (uint32_t)t.tm_year + 1900, 4);
		*p++ = '-';
		p = digits(p, (uint32_t)t.tm_mon + 1, 2);
		*p++ = '-';
		p = digits(p, (uint32_t)t.tm_mday, 2);
		*p++ = 'T';
		p = digits(p, (uint32_t)t.tm_hour, 2);
		*p++ = ':';
		p = digits(p, (uint32_t)t.tm_min, 2);
		*p++ = ':';
		p = digits(p, (uint32_t)t.tm_sec, 2);
		*p++ = '.';
		p = digits(p, (uint32_t)(ns % 1000000000u), 9);
		while (p[-1] == '0')
			p--;
		if (p[-1] == '.')
			p--;
		*p++ = 'Z';
		length = (size_t)(p - made);
		made_for = ns;
	}
	return text(to, made, length);
}

uint64_t log_json_most(uint32_t length)
{
	return (uint64_t)length * 6 + 128;
}

uint32_t log_json(char *to, const struct log_entry *entry, const char *attributes, uint32_t attributes_length)
{
	char *p = LITERAL(to, "{\"log\":\"");
	p = escape(p, entry->bytes, entry->length);
	if (!entry->partial)
		p = LITERAL(p, "\\n");
	p = LITERAL(p, "\",\"stream\":\"");
	p = entry->stream == 1 ? LITERAL(p, "stdout\",") : LITERAL(p, "stderr\",");
	p = text(p, attributes, attributes_length);
	p = LITERAL(p, "\"time\":\"");
	p = timestamp(p, entry->time);
	p = LITERAL(p, "\"}\n");
	return (uint32_t)(p - to);
}
