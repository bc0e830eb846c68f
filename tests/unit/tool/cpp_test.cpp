// SPDX-License-Identifier: MIT OR Apache-2.0
//
// Generated C++ wrappers as their user calls them; built as C++17 and as C++20.
#include <cstdio>
#include <cstring>
#include <utility>

#include <mycelium/posix.h>

#include "everything.hpp"

namespace
{

int failures = 0;

void check(bool is_true, const char *what, int line)
{
    if (!is_true) {
        std::printf("line %d: %s\n", line, what);
        failures++;
    }
}

#define CHECK(condition) check((condition), #condition, __LINE__)

// What is written through a class is read through a view.
void fields_survive()
{
    everything::optionals optionals;
    CHECK(!optionals.view().a_number());
    CHECK(!optionals.view().some_bytes());
    CHECK(!optionals.view().text());
    optionals.set_a_number(7);
    optionals.set_some_bytes({1, 2, 3, 4, 5});
    optionals.set_a_side(EVERYTHING_SIDE_SELL);
    CHECK(optionals.set_text("abc") == MYC_OK);
    CHECK(optionals.set_text("too long") == MYC_TOO_BIG);
    CHECK(optionals.push_numbers(4) == MYC_OK);
    CHECK(optionals.view().a_number() == 7);
    CHECK(optionals.view().some_bytes()->size() == 5);
    CHECK((*optionals.view().some_bytes())[4] == 5);
    CHECK(optionals.view().a_side() == EVERYTHING_SIDE_SELL);
    CHECK(optionals.view().text() == "abc");
    CHECK(optionals.view().numbers()->size() == 1);
    CHECK((*optionals.view().numbers())[0] == 4);
    CHECK(everything_optionals_validate(&optionals, nullptr) == MYC_OK);
    optionals.set_a_number(std::nullopt);
    CHECK(!optionals.view().a_number());

    everything::vectors vectors;
    everything::price price;
    price.set_units(-8);
    CHECK(vectors.push_prices(price) == MYC_OK);
    CHECK(vectors.push_prices(price) == MYC_OK);
    CHECK(vectors.push_prices(price) == MYC_TOO_BIG);
    CHECK(vectors.push_keys({9, 8, 7}) == MYC_OK);
    std::int64_t sum = 0;
    for (everything::price_view one : vectors.view().prices()) {
        sum += one.units();
    }
    CHECK(sum == -16);
    CHECK(vectors.view().keys()[0][1] == 8);
    CHECK(vectors.view().name().empty());

    everything::tagged tagged;
    CHECK(!tagged.view().detail_limit());
    everything::limit_order limit;
    tagged.set_detail_limit(limit);
    tagged.set_signal_wait();
    CHECK(tagged.view().detail_tag() == EVERYTHING_DETAIL_LIMIT);
    CHECK(tagged.view().detail_limit()->side() == EVERYTHING_SIDE_BUY);
    CHECK(tagged.view().signal_tag() == EVERYTHING_SIGNAL_WAIT);
}

class bus
{
  public:
    bus()
    {
        static myc_topology topology;
        topology.node_count = 1;
        std::memcpy(topology.nodes[0].name, "only", sizeof("only"));
        myc_bus_options options = {};
        options.topology = &topology;
        options.node = "only";
        options.contract = &everything_contract;
        CHECK(myc_posix_create(&platform, nullptr) == MYC_OK);
        CHECK(myc_waiter_open(&waiter, platform) == MYC_OK);
        CHECK(myc_bus_create(platform, &options, &handle, nullptr) == MYC_OK);
    }
    bus(const bus &) = delete;
    bus &operator=(const bus &) = delete;
    ~bus()
    {
        myc_bus_close(handle);
        myc_bus_destroy(handle);
        myc_waiter_close(&waiter);
        myc_posix_destroy(platform);
    }

    myc_platform *platform = nullptr;
    myc_waiter waiter = {};
    myc_bus *handle = nullptr;
};

// Publisher and subscriber close themselves; a handler sees the message in place.
void messages_travel()
{
    bus bus;
    mycelium::publisher publisher;
    mycelium::subscriber subscriber;
    CHECK(!publisher);
    const char *topic = mycelium::message_traits<everything::late>::topic;
    CHECK(publisher.create(bus.handle, &bus.waiter, topic) == MYC_OK);
    CHECK(subscriber.create(bus.handle, &bus.waiter, topic) == MYC_OK);
    mycelium::publisher moved = std::move(publisher);
    CHECK(!publisher && moved);

    everything::late late;
    CHECK(late.set_reason("rain") == MYC_OK);
    CHECK(moved.publish(late) == MYC_OK);
    int seen = 0;
    auto on_message = [&seen](const myc_delivery &delivery) {
        mycelium::received<everything::late> message(*delivery.record);
        CHECK(static_cast<bool>(message));
        CHECK((*message).reason() == "rain");
        CHECK(message.raw() == delivery.record->payload);
        mycelium::received<everything::nothing> other(*delivery.record);
        CHECK(!other);
        seen++;
    };
    CHECK(subscriber.poll(on_message, 10) == 1);
    CHECK(seen == 1);
    CHECK(moved.close(0) == MYC_OK);
    CHECK(!moved);
}

// Tails go with the message and are read from its record.
void tails_travel()
{
    bus bus;
    mycelium::publisher publisher;
    mycelium::subscriber subscriber;
    CHECK(publisher.create(bus.handle, &bus.waiter, EVERYTHING_BLOB_TOPIC) == MYC_OK);
    CHECK(subscriber.create(bus.handle, &bus.waiter, EVERYTHING_BLOB_TOPIC) == MYC_OK);
    everything::blob blob;
    everything_blob_tails tails = {};
    tails.body = {"0123", 4};
    tails.title = {"t", 1};
    blob.set_number(3);
    CHECK(everything::publish(publisher.get(), blob, tails) == MYC_OK);
    int seen = 0;
    auto on_message = [&seen](const myc_delivery &delivery) {
        mycelium::received<everything::blob> message(*delivery.record);
        CHECK((*message).number() == 3);
        CHECK((*message).body().size() == 4 && (*message).body()[3] == '3');
        CHECK((*message).title() == "t");
        seen++;
    };
    CHECK(subscriber.poll(on_message, 10) == 1);
    CHECK(seen == 1);
}

} // namespace

int main()
{
    fields_survive();
    messages_travel();
    tails_travel();
    std::printf("%d failures\n", failures);
    return failures == 0 ? 0 : 1;
}
