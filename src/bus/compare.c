// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Comparing a peer's contract with ours. Which topics either will publish is not known yet when two
// nodes greet, so each must read what the other writes for every message that both know. What only
// one of them knows is an unknown type to the other.
#include <mycelium/compat.h>

#include <string.h>

#include "bus/internal.h"
#include "core/text.h"
#include "schema/canonical.h"

// The first finding that breaks something.
struct breach {
    bool is_found;
    struct myc_compat_finding finding;
};

static void on_finding(void *context, const struct myc_compat_finding *finding)
{
    struct breach *breach = context;
    if (!breach->is_found && (finding->breaks & MYC_COMPAT_BREAKS_BOTH) != 0) {
        breach->is_found = true;
        breach->finding = *finding;
    }
}

static void write_field(struct myc__dispute *dispute, const char *message, const char *path)
{
    struct myc__text text;
    memset(dispute, 0, sizeof(*dispute));
    myc__text_init(&text, dispute->field, sizeof(dispute->field));
    myc__text_string(&text, message);
    if (path[0] != '\0') {
        myc__text_string(&text, ".");
        myc__text_string(&text, path);
    }
}

static void write_side(char *out, uint16_t version, const char *rule, const char *value)
{
    struct myc__text text;
    myc__text_init(&text, out, MYC__REJECT_TEXT_BYTES);
    myc__text_string(&text, "version ");
    myc__text_u64(&text, version);
    if (rule[0] != '\0') {
        myc__text_string(&text, ", ");
        myc__text_string(&text, rule);
    }
    if (value[0] != '\0') {
        myc__text_string(&text, ": ");
        myc__text_string(&text, value);
    }
}

static enum myc_status dispute_versions(
    const struct myc_contract *ours,
    const struct myc_contract *theirs,
    const char *field,
    struct myc__dispute *out_dispute)
{
    write_field(out_dispute, field, "");
    write_side(out_dispute->ours, ours->version, "", "");
    write_side(out_dispute->theirs, theirs->version, "", "");
    return MYC_MISMATCH;
}

// One message of both; `ours` is the newer one if its contract is.
static enum myc_status compare_message(
    const struct myc_contract *our_contract,
    const struct myc_contract *their_contract,
    const struct myc_message_type *ours,
    const struct myc_message_type *theirs,
    struct myc__dispute *out_dispute)
{
    struct breach breach = {.is_found = false};
    bool is_ours_newer = our_contract->version >= their_contract->version;
    struct myc_compat compat = myc_message_compare(
        is_ours_newer ? theirs : ours, is_ours_newer ? ours : theirs, on_finding, &breach);
    if (compat.new_reads_old && compat.old_reads_new) {
        return MYC_OK;
    }
    const struct myc_compat_finding *finding = &breach.finding;
    const char *newer = breach.is_found ? finding->new_text : "";
    const char *older = breach.is_found ? finding->old_text : "";
    // What changed stands with the newer side.
    const char *rule = breach.is_found ? myc_compat_rule_name(finding->rule) : "";
    write_field(out_dispute, ours->name, breach.is_found ? finding->path : "");
    if (is_ours_newer) {
        write_side(out_dispute->ours, our_contract->version, rule, newer);
        write_side(out_dispute->theirs, their_contract->version, "", older);
    } else {
        write_side(out_dispute->ours, our_contract->version, "", older);
        write_side(out_dispute->theirs, their_contract->version, rule, newer);
    }
    return MYC_MISMATCH;
}

static const struct myc_message_type *
find_name(const struct myc_contract *contract, const char *name)
{
    for (uint32_t i = 0; i < contract->message_count; i++) {
        if (myc__text_equals(contract->messages[i]->name, name)) {
            return contract->messages[i];
        }
    }
    return NULL;
}

// The other end's message to compare with: the one with that id, or with another id and that name;
// NULL if it knows neither. One that took over the id or the name of a different message, which
// still is somewhere else, is told in `out_dispute`: its bytes would be read as the other one's.
static enum myc_status find_other(
    const struct myc_contract *ours,
    const struct myc_contract *theirs,
    const struct myc_message_type *type,
    const struct myc_message_type **out_other,
    struct myc__dispute *out_dispute)
{
    const struct myc_message_type *same_id = myc_contract_find(theirs, type->id);
    const struct myc_message_type *same_name = find_name(theirs, type->name);
    *out_other = same_id != NULL ? same_id : same_name;
    bool is_reused = same_id != NULL && same_id != same_name
                     && (same_name != NULL || find_name(ours, same_id->name) != NULL);
    if (!is_reused) {
        return MYC_OK;
    }
    write_field(out_dispute, type->name, "type id");
    write_side(out_dispute->ours, ours->version, "", type->name);
    write_side(out_dispute->theirs, theirs->version, "", same_id->name);
    return MYC_MISMATCH;
}

enum myc_status myc__contracts_compare(
    const struct myc_contract *ours,
    const char *form,
    size_t size,
    void *memory,
    size_t memory_bytes,
    uint8_t out_digest[MYC_DIGEST_BYTES],
    struct myc__dispute *out_dispute)
{
    const struct myc_contract *theirs = NULL;
    enum myc_status status =
        myc__schema_read_canonical(form, size, memory, memory_bytes, &theirs, NULL);
    if (status == MYC_TOO_BIG) {
        write_field(out_dispute, "contract is too large to compare", "");
        return MYC_MISMATCH;
    }
    if (status != MYC_OK) {
        return MYC_CORRUPT;
    }
    memcpy(out_digest, theirs->digest, MYC_DIGEST_BYTES);
    if (theirs->id != ours->id) {
        return dispute_versions(ours, theirs, "contract id", out_dispute);
    }
    if (theirs->version < ours->min_compatible || ours->version < theirs->min_compatible) {
        return dispute_versions(ours, theirs, "min_compatible", out_dispute);
    }
    for (uint32_t i = 0; status == MYC_OK && i < ours->message_count; i++) {
        const struct myc_message_type *type = ours->messages[i];
        const struct myc_message_type *other = NULL;
        status = find_other(ours, theirs, type, &other, out_dispute);
        if (status == MYC_OK && other != NULL) {
            status = compare_message(ours, theirs, type, other, out_dispute);
        }
    }
    return status;
}
