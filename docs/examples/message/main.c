// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Messages without generated code: a descriptor by hand, a message made from it, the same message
// as an older and as a hostile sender would send it. Links the codec and what lies below it, no
// more.
#include <stdio.h>
#include <string.h>

#include <mycelium/message.h>

struct quote {
    uint64_t price;
    uint32_t side;
    uint8_t reserved_0[4];
    uint32_t venue; /* from version 2 on */
    uint8_t reserved_1[4];
};

static const struct myc_enum_value side_values[] = {{"BUY", 1, 0}, {"SELL", 2, 0}};
static const struct myc_enum side = {"Side", 0, 2, side_values};
static const struct myc_number price_max = {{1000, 0, 0, 0}};
static const struct myc_field fields[] = {
    {.name = "price",
     .kind = MYC_KIND_U64,
     .since = 1,
     .count = 1,
     .offset = offsetof(struct quote, price),
     .size = 8,
     .max = &price_max},
    {.name = "side",
     .kind = MYC_KIND_ENUM,
     .since = 1,
     .count = 1,
     .offset = offsetof(struct quote, side),
     .size = 4,
     .enumeration = &side},
    {.name = "venue",
     .kind = MYC_KIND_U32,
     .flags = MYC_FIELD_DEFAULT,
     .since = 2,
     .count = 1,
     .offset = offsetof(struct quote, venue),
     .size = 4},
};
/* As it is initialised: side BUY, venue 7; little-endian, as on the wire. */
static const uint8_t initial[sizeof(struct quote)] = {[8] = 1, [16] = 7};
static const struct myc_extent extents[] = {{1, 0, 16}, {2, 0, sizeof(struct quote)}};
static const struct myc_message_type quote_type = {
    .id = 42,
    .version = 2,
    .size = sizeof(struct quote),
    .name = "Quote",
    .topic = "quotes",
    .field_count = 3,
    .extent_count = 2,
    .fields = fields,
    .initial = initial,
    .extents = extents};
static const struct myc_message_type *const messages[] = {&quote_type};
static const struct myc_contract contract = {
    .name = "market",
    .id = 1,
    .version = 2,
    .min_compatible = 1,
    .message_count = 1,
    .messages = messages};

// What a monitor does with every record that it gets.
static void show(const struct myc_record *record)
{
    struct myc_diagnostic why;
    struct myc_message message;
    struct quote scratch;
    char text[256];
    const struct myc_message_type *type = myc_contract_find(&contract, record->type);
    if (type == NULL) {
        printf("type %u: unknown\n", (unsigned)record->type);
        return;
    }
    enum myc_status status = myc_message_view(type, record, &scratch, &message, &why);
    if (status == MYC_OK) {
        status = myc_message_validate(&message, &why);
    }
    if (status == MYC_OK) {
        status = myc_message_print(&message, MYC_MESSAGE_COMPLETED, text, sizeof(text), NULL);
    }
    printf("version %u: %s\n", (unsigned)record->version, status == MYC_OK ? text : why.text);
}

int main(void)
{
    struct myc_diagnostic why;
    if (myc_contract_check(&contract, &why) != MYC_OK) {
        fprintf(stderr, "%s\n", why.text);
        return 1;
    }
    struct quote quote;
    myc_message_init(&quote_type, &quote);
    ((unsigned char *)&quote)[0] = 250; // price, little-endian
    struct myc_record record = {.type = 42, .version = 2, .size = sizeof(quote), .payload = &quote};
    show(&record);
    record.version = 1;
    record.size = 16;
    show(&record);
    ((unsigned char *)&quote)[8] = 9; // side
    show(&record);
    record.size = 8;
    show(&record);
    return 0;
}
