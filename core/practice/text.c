/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Content that is the same every time: prose that compresses, noise that does not. */
#include <string.h>

#include "core/bytes.h"
#include "core/practice/practice.h"

static uint64_t next_random(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15); /* splitmix64 */

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

void practice_noise(void *buf, size_t len, uint64_t seed)
{
	unsigned char *p = buf;

	while (len) {
		unsigned char word[8];
		size_t part = len < sizeof(word) ? len : sizeof(word);

		put_le64(word, next_random(&seed));
		memcpy(p, word, part);
		p += part;
		len -= part;
	}
}

void practice_prose(char *buf, size_t len, uint64_t seed)
{
	static const char *const words[] = {
		"the",	   "stick",   "and",	"holds",  "every",  "file",    "of",
		"a",	   "small",   "system", "that",	  "was",    "written", "to",
		"again",   "until",   "its",	"shelf",  "ran",    "full",    "with",
		"letters", "lists",   "maps",	"tables", "plans",  "garden",  "train",
		"weather", "station", "window", "coffee", "bridge", "notebook"
	};
	size_t at = 0, column = 0;

	while (at < len) {
		const char *word = words[next_random(&seed) % (sizeof(words) / sizeof(words[0]))];

		while (*word && at < len) {
			buf[at++] = *word++;
			column++;
		}
		if (at < len) {
			buf[at++] = column > 64 ? '\n' : ' ';
			column = column > 64 ? 0 : column + 1;
		}
	}
}
