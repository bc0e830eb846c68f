// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Typed messages of the trading contract from hostile bytes. The generic decoder and the generated
// view must agree on every record: which are messages, and what they say.
#include <string.h>

#include <mycelium/record.h>

#include "fuzz.h"
#include "trading.h"
#include "wire/tlv.h"

enum { PAYLOAD_MAX = 4096, SCRATCH_BYTES = 512 };

union scratch {
    struct trading_pool_state_update update;
    struct trading_arbitrage_signal signal;
    struct trading_order order;
    unsigned char bytes[SCRATCH_BYTES];
};

// What the generated code says about a record, in the same terms as the generic decoder.
static enum myc_status
view_generated(const struct myc_record *record, union scratch *scratch, const void **out_message)
{
    enum myc_status status = MYC_MISMATCH;
    const void *message = NULL;
    switch (record->type) {
    case TRADING_POOL_STATE_UPDATE_TYPE_ID:
        message = trading_pool_state_update_view(record, &scratch->update);
        status = message != NULL ? trading_pool_state_update_validate(message, NULL) : MYC_CORRUPT;
        break;
    case TRADING_ARBITRAGE_SIGNAL_TYPE_ID:
        message = trading_arbitrage_signal_view(record, &scratch->signal);
        status = message != NULL ? trading_arbitrage_signal_validate(message, NULL) : MYC_CORRUPT;
        break;
    case TRADING_ORDER_TYPE_ID:
        message = trading_order_view(record, &scratch->order);
        status = message != NULL ? trading_order_validate(message, NULL) : MYC_CORRUPT;
        break;
    default:
        break;
    }
    if (status == MYC_OK) {
        *out_message = message;
    }
    return status;
}

static void check_record(const struct myc__tlv *tlv)
{
    struct myc_record record = {
        .type = tlv->type, .version = tlv->version, .size = tlv->size, .payload = tlv->payload};
    const struct myc_message_type *type = myc_contract_find(&trading_contract, tlv->type);
    union scratch generic_scratch;
    union scratch generated_scratch;
    const void *generic = NULL;
    const void *generated = NULL;
    if (type == NULL) {
        return;
    }
    FUZZ_CHECK(type->size <= sizeof(generic_scratch));
    enum myc_status status = myc__tlv_message(tlv, type, &generic_scratch, &generic, NULL);
    FUZZ_CHECK(status == MYC_OK || status == MYC_CORRUPT);
    FUZZ_CHECK((status == MYC_OK) == (generic != NULL));
    if (tlv->type == TRADING_POOL_STATE_UPDATE_TYPE_ID
        || tlv->type == TRADING_ARBITRAGE_SIGNAL_TYPE_ID || tlv->type == TRADING_ORDER_TYPE_ID) {
        FUZZ_CHECK(view_generated(&record, &generated_scratch, &generated) == status);
        FUZZ_CHECK(status != MYC_OK || memcmp(generic, generated, type->size) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *bytes = malloc(size > 0 ? size : 1);
    struct myc__tlv_walk walk;
    struct myc__tlv record;
    FUZZ_CHECK(bytes != NULL);
    if (size > 0) {
        memcpy(bytes, data, size);
    }
    FUZZ_CHECK(myc__tlv_walk_init(&walk, bytes, size, PAYLOAD_MAX, NULL) == MYC_OK);
    while (myc__tlv_next(&walk, &record, NULL) == MYC_OK) {
        check_record(&record);
    }
    free(bytes);
    return 0;
}
