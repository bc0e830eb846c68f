// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Comparing two contracts, or two versions of one message: does each end understand what the other
 * one writes, and if not, which field is to blame?
 *
 * The verdict is about decoding as the library does it. A record says which schema version wrote
 * it; a reader takes the fields it knows in that version from the bytes, completes those that came
 * later with their defaults, and refuses values outside its enums, ranges and lengths. So "new
 * reads old" holds if every message that is valid in OLD is accepted by NEW, with the same value in
 * every field, and with a value the contract names in every field that OLD does not have.
 *
 * Fields are matched by name; one that is left over by the one of the same type at the same place,
 * which is then a renaming. Nothing here allocates; the descriptors may come from anywhere that
 * myc_contract_check() accepts.
 */
#ifndef MYC_COMPAT_H
#define MYC_COMPAT_H

#include <stdbool.h>
#include <stdint.h>

#include <mycelium/schema.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Every rule. X(NAME, what was found) */
#define MYC_COMPAT_RULE_LIST(X)                                                                    \
    X(CONTRACT_ID_CHANGED, "contracts of different ids never talk to each other")                  \
    X(CONTRACT_RENAMED, "the contract has another name")                                           \
    X(CONTRACT_VERSION_NOT_RAISED, "the contract changed and its version did not rise")            \
    X(MIN_COMPATIBLE_EXCLUDES, "min_compatible shuts the other version out")                       \
    X(MIN_COMPATIBLE_LOWERED, "min_compatible went down: what was shut out is let in again")       \
    X(MESSAGE_ADDED, "the message is new; who does not know it skips it")                          \
    X(MESSAGE_REMOVED, "the message is gone; nobody reads what is still sent")                     \
    X(MESSAGE_RENAMED, "the same type id has another name")                                        \
    X(TYPE_ID_CHANGED, "the message has another type id")                                          \
    X(TYPE_ID_REUSED, "the type id now means another message")                                     \
    X(TOPIC_CHANGED, "the message moved to another topic")                                         \
    X(PRIOR_ADDED, "a message must come before it that the older writer need not send")            \
    X(PRIOR_REMOVED, "a message need no longer come before it, and the older reader waits for it") \
    X(VERSION_NOT_RAISED, "the message changed and its schema_version did not rise")               \
    X(VERSION_LOWERED, "schema_version went down")                                                 \
    X(FIELDS_UNKNOWN, "a descriptor does not say what fields there are")                           \
    X(FIELD_ADDED, "the field is new; older messages are completed")                               \
    X(FIELD_ADDED_WITHOUT_DEFAULT, "the field is new and older messages have no value for it")     \
    X(FIELD_INSERTED, "the field is new and stands before older ones")                             \
    X(FIELD_REMOVED, "the field is gone")                                                          \
    X(FIELD_RENAMED, "the same bytes have another name")                                           \
    X(FIELD_REORDERED, "the field changed places with others")                                     \
    X(FIELD_MOVED, "the field lies elsewhere in the payload")                                      \
    X(FIELD_TYPE_CHANGED, "the field has another type")                                            \
    X(FIELD_BECAME_OPTIONAL, "the field became optional")                                          \
    X(FIELD_BECAME_REQUIRED, "the field was optional")                                             \
    X(SINCE_WRONG, "the field says it is older than it is")                                        \
    X(SINCE_CHANGED, "the field says it came in another version")                                  \
    X(DEFAULT_CHANGED, "the default changed")                                                      \
    X(ARRAY_LENGTH_CHANGED, "the array has another length")                                        \
    X(CAPACITY_SHRUNK, "there is room for less")                                                   \
    X(CAPACITY_GREW, "there is room for more")                                                     \
    X(LENGTH_NARROWED, "fewer lengths are allowed")                                                \
    X(LENGTH_WIDENED, "more lengths are allowed")                                                  \
    X(LENGTH_CHANGED, "other lengths are allowed")                                                 \
    X(RANGE_NARROWED, "fewer values are allowed")                                                  \
    X(RANGE_WIDENED, "more values are allowed")                                                    \
    X(RANGE_CHANGED, "other values are allowed")                                                   \
    X(CONSTRAINT_ADDED, "a rule was added: finite, nonzero or ascii")                              \
    X(CONSTRAINT_REMOVED, "a rule was taken away: finite, nonzero or ascii")                       \
    X(ENUM_VALUE_ADDED, "the enum has a new value")                                                \
    X(ENUM_VALUE_REMOVED, "the enum lost a value")                                                 \
    X(ENUM_VALUE_RENAMED, "the same number has another name")                                      \
    X(ENUM_VALUE_RENUMBERED, "the same name has another number")                                   \
    X(ENUM_OPENED, "numbers without a name became valid")                                          \
    X(ENUM_CLOSED, "numbers without a name became invalid")                                        \
    X(STRUCT_GREW, "the struct has more bytes")                                                    \
    X(STRUCT_SHRANK, "the struct has fewer bytes")                                                 \
    X(UNION_GREW, "the union needs more bytes")                                                    \
    X(UNION_SHRANK, "the union needs fewer bytes")                                                 \
    X(UNION_VARIANT_ADDED, "the union has a new variant")                                          \
    X(UNION_VARIANT_REMOVED, "the union lost a variant")                                           \
    X(UNION_VARIANT_RENAMED, "the same tag has another name")                                      \
    X(UNION_VARIANT_RETAGGED, "the same variant has another tag")                                  \
    X(UNION_VARIANT_TYPE_CHANGED, "the variant holds something else")                              \
    X(SIZE_CHANGED, "the payload is too short for its reader")                                     \
    X(TOO_COMPLEX, "the types are nested too deeply to be compared")

enum myc_compat_rule {
#define MYC_COMPAT_RULE_ENUM_(name, text) MYC_COMPAT_##name,
    MYC_COMPAT_RULE_LIST(MYC_COMPAT_RULE_ENUM_)
#undef MYC_COMPAT_RULE_ENUM_
        MYC_COMPAT_RULE_COUNT
};

/** What a finding breaks; none of them: it is worth knowing. */
enum {
    MYC_COMPAT_BREAKS_NEW_READS_OLD = 1 << 0,
    MYC_COMPAT_BREAKS_OLD_READS_NEW = 1 << 1,
    MYC_COMPAT_BREAKS_BOTH = 3,
    /* Bytes that both accept mean something else: records older than OLD are read otherwise. */
    MYC_COMPAT_CHANGES_MEANING = 1 << 2
};

enum myc_compat_level {
    MYC_COMPAT_LEVEL_BREAKING, /* neither reads the other */
    MYC_COMPAT_LEVEL_BACKWARD, /* only old reads new */
    MYC_COMPAT_LEVEL_FORWARD,  /* only new reads old */
    MYC_COMPAT_LEVEL_FULL      /* both */
};

enum { MYC_COMPAT_PATH_BYTES = 256, MYC_COMPAT_VALUE_BYTES = 112, MYC_COMPAT_DEPTH_MAX = 32 };

/** One difference. Pointers lead into the descriptors compared; texts are cut with "...". */
struct myc_compat_finding {
    enum myc_compat_rule rule;
    uint32_t breaks;                            /* MYC_COMPAT_BREAKS_... */
    const struct myc_message_type *old_message; /* NULL: it has none, or the whole contract */
    const struct myc_message_type *new_message;
    const struct myc_field
        *old_field; /* the innermost one concerned, perhaps of a struct; or NULL */
    const struct myc_field *new_field;
    const struct myc_enum_value *old_value; /* of an enum's value that a rule is about; or NULL */
    const struct myc_enum_value *new_value;
    const struct myc_variant *old_variant; /* of a union's variant that a rule is about; or NULL */
    const struct myc_variant *new_variant;
    char path[MYC_COMPAT_PATH_BYTES];      /* "legs.price", "side.SELL"; "": all of the message */
    char old_text[MYC_COMPAT_VALUE_BYTES]; /* what it was; "": nothing */
    char new_text[MYC_COMPAT_VALUE_BYTES]; /* what it is; "": nothing */
};

/** Is told each finding, in the order of the new contract's fields. */
typedef void myc_compat_visit_fn(void *context, const struct myc_compat_finding *finding);

/** The outcome of a comparison. */
struct myc_compat {
    bool new_reads_old;
    bool old_reads_new;
    bool keeps_meaning; /* false: some finding has CHANGES_MEANING */
    uint32_t finding_count;
};

/**
 * Compares two versions of one message. A caller who has no use for findings passes NULL as
 * `visit`.
 *
 * Messages that come before it (`priors`) are compared as they are listed. Threads: any. [COMPAT-1]
 */
struct myc_compat myc_message_compare(
    const struct myc_message_type *old_message,
    const struct myc_message_type *new_message,
    myc_compat_visit_fn *visit,
    void *context);

/**
 * Compares two contracts: what they say of themselves, then message by message. Messages are
 * matched by type id; one that is left over by name, which is then a change of its id.
 *
 * Both outcomes hold for a contract if they hold for each message. A message that only NEW has
 * breaks nothing; one that only OLD has breaks "new reads old". Threads: any. [COMPAT-2]
 */
struct myc_compat myc_contract_compare(
    const struct myc_contract *old_contract,
    const struct myc_contract *new_contract,
    myc_compat_visit_fn *visit,
    void *context);

/** What the outcome amounts to. [COMPAT-3] */
enum myc_compat_level myc_compat_level(const struct myc_compat *compat);

/** "full", "forward", "backward" or "breaking"; "unknown" outside the list. */
const char *myc_compat_level_name(enum myc_compat_level level);

/** What schema registries call the same: "FULL", "BACKWARD" (new reads old), "FORWARD" (old reads
 * new) or "NONE". */
const char *myc_compat_level_registry_name(enum myc_compat_level level);

/** The rule's name, e.g. "FIELD_REMOVED"; "UNKNOWN" outside the list. [COMPAT-4] */
const char *myc_compat_rule_name(enum myc_compat_rule rule);

/** One lower-case phrase without a full stop that says what was found. [COMPAT-4] */
const char *myc_compat_rule_text(enum myc_compat_rule rule);

#ifdef __cplusplus
}
#endif

#endif
