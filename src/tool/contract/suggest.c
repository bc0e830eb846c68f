// SPDX-License-Identifier: MIT OR Apache-2.0
//
// "Did you mean": the candidate with the fewest edits, if they are few for the word's length.
#include <string.h>

#include "schema/limits.h"
#include "tool/contract/reader.h"

enum { WORD_MAX = MYC__SCHEMA_NAME_MAX };

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

// Levenshtein distance, capitals and small letters being alike, with a point less where they
// differ.
static size_t distance_of(const char *a, size_t a_len, const char *b, size_t b_len)
{
    size_t row[WORD_MAX + 1];
    for (size_t j = 0; j <= b_len; j++) {
        row[j] = j;
    }
    for (size_t i = 1; i <= a_len; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_len; j++) {
            size_t change = diagonal + (lower(a[i - 1]) == lower(b[j - 1]) ? 0 : 1);
            diagonal = row[j];
            size_t insert = row[j - 1] + 1;
            size_t remove = row[j] + 1;
            row[j] = change < insert ? change : insert;
            row[j] = row[j] < remove ? row[j] : remove;
        }
    }
    return row[b_len];
}

void suggestion_init(struct suggestion *suggestion, const char *word, size_t len)
{
    *suggestion = (struct suggestion){.word = word, .len = len, .distance = 1 + len / 3};
}

void suggestion_offer(struct suggestion *suggestion, const char *candidate)
{
    size_t len = strlen(candidate);
    if (len > WORD_MAX || suggestion->len > WORD_MAX) {
        return;
    }
    size_t distance = distance_of(suggestion->word, suggestion->len, candidate, len);
    // What begins otherwise is another word, unless one letter makes the difference.
    bool is_alike =
        len > 0 && suggestion->len > 0 && lower(candidate[0]) == lower(suggestion->word[0]);
    if (!is_alike && distance > 1) {
        return;
    }
    bool is_better = suggestion->best == NULL ? distance <= suggestion->distance
                                              : distance < suggestion->distance;
    if (is_better && distance < len) {
        suggestion->best = candidate;
        suggestion->distance = distance;
    }
}

const char *suggestion_text(struct reader *reader, const struct suggestion *suggestion)
{
    return suggestion->best == NULL
               ? ""
               : contract_arena_format(reader->arena, "; did you mean '%s'?", suggestion->best);
}
