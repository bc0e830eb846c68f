// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * What generated C++ wrappers are made of: views without copies, owners that close. C++17.
 *
 * Nothing here throws or allocates; failures are the library's statuses. Views are valid as long as
 * what they look at, which for a received message is until its handler returns.
 */
#ifndef MYC_CPP_HPP
#define MYC_CPP_HPP

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <type_traits>

#include <mycelium/bus.h>
#include <mycelium/generated.h>
#include <mycelium/record.h>
#include <mycelium/status.h>

namespace mycelium
{

using status = ::myc_status;

/** A run of elements that somebody else owns. */
template <class T> class span
{
  public:
    constexpr span() noexcept = default;
    constexpr span(T *data, std::size_t size) noexcept : data_(data), size_(size)
    {
    }
    template <class U, std::size_t N>
    constexpr span(const std::array<U, N> &all) noexcept : data_(all.data()), size_(N)
    {
    }

    constexpr T *data() const noexcept
    {
        return data_;
    }
    constexpr std::size_t size() const noexcept
    {
        return size_;
    }
    constexpr bool empty() const noexcept
    {
        return size_ == 0;
    }
    constexpr T *begin() const noexcept
    {
        return data_;
    }
    constexpr T *end() const noexcept
    {
        return data_ + size_;
    }
    constexpr T &operator[](std::size_t index) const noexcept
    {
        return data_[index];
    }

  private:
    T *data_ = nullptr;
    std::size_t size_ = 0;
};

using bytes_view = span<const std::uint8_t>;

/** N bytes that lie in a message. */
template <std::size_t N> class fixed_bytes : public bytes_view
{
  public:
    constexpr explicit fixed_bytes(const std::uint8_t *data) noexcept
        : bytes_view(data, data != nullptr ? N : 0)
    {
    }
};

/**
 * Elements of an array or vector inside a message, read by the generated accessor: `Raw` is what it
 * returns, `Value` what is made of that.
 */
template <class Value, class Raw, class Holder, Raw (*Get)(const Holder *, std::size_t)> class list
{
  public:
    class iterator
    {
      public:
        using value_type = Value;
        using difference_type = std::ptrdiff_t;

        constexpr iterator(const Holder *holder, std::size_t index) noexcept
            : holder_(holder), index_(index)
        {
        }
        Value operator*() const noexcept
        {
            return Value(Get(holder_, index_));
        }
        iterator &operator++() noexcept
        {
            index_++;
            return *this;
        }
        bool operator==(const iterator &other) const noexcept
        {
            return index_ == other.index_;
        }
        bool operator!=(const iterator &other) const noexcept
        {
            return index_ != other.index_;
        }

      private:
        const Holder *holder_;
        std::size_t index_;
    };

    constexpr list(const Holder *holder, std::size_t size) noexcept : holder_(holder), size_(size)
    {
    }

    constexpr std::size_t size() const noexcept
    {
        return size_;
    }
    constexpr bool empty() const noexcept
    {
        return size_ == 0;
    }
    Value operator[](std::size_t index) const noexcept
    {
        return Value(Get(holder_, index));
    }
    iterator begin() const noexcept
    {
        return iterator(holder_, 0);
    }
    iterator end() const noexcept
    {
        return iterator(holder_, size_);
    }

  private:
    const Holder *holder_;
    std::size_t size_;
};

/** Specialised by generated code for each message: its descriptor's constants, view and publish. */
template <class Message> struct message_traits;

/** The message of a record with room for an older one to be completed. It stays where it is made.
 */
template <class Message> class received
{
  public:
    using raw_type = typename message_traits<Message>::raw_type;

    explicit received(const ::myc_record &record) noexcept
        : record_(&record), message_(message_traits<Message>::view(record, scratch_))
    {
    }
    received(const received &) = delete;
    received &operator=(const received &) = delete;

    /** False: the record is of another type, or too short for its version. */
    explicit operator bool() const noexcept
    {
        return message_ != nullptr;
    }
    typename message_traits<Message>::view_type operator*() const noexcept
    {
        return typename message_traits<Message>::view_type(message_, record_);
    }
    const raw_type *raw() const noexcept
    {
        return message_;
    }

  private:
    raw_type scratch_;
    const ::myc_record *record_;
    const raw_type *message_;
};

/** Owns a publisher and closes it, without waiting for what is not delivered. */
class publisher
{
  public:
    publisher() noexcept = default;
    explicit publisher(::myc_publisher *owned) noexcept : publisher_(owned)
    {
    }
    publisher(publisher &&other) noexcept : publisher_(other.release())
    {
    }
    publisher &operator=(publisher &&other) noexcept
    {
        if (this != &other) {
            close(0);
            publisher_ = other.release();
        }
        return *this;
    }
    ~publisher()
    {
        close(0);
    }

    /** See myc_publisher_create(); what was owned before is closed. */
    [[nodiscard]] status create(
        ::myc_bus *bus,
        ::myc_waiter *waiter,
        const char *topic,
        const ::myc_publisher_options *options = nullptr,
        ::myc_diagnostic *diagnostic = nullptr) noexcept
    {
        close(0);
        return ::myc_publisher_create(bus, waiter, topic, options, &publisher_, diagnostic);
    }

    /** See myc_publisher_close(). OK also if nothing is owned. */
    status close(std::uint64_t deadline_ns, ::myc_close_report *report = nullptr) noexcept
    {
        ::myc_close_report unread;
        ::myc_publisher *closed = release();
        return closed == nullptr ? ::MYC_OK
                                 : ::myc_publisher_close(
                                     closed, deadline_ns, report != nullptr ? report : &unread);
    }

    /** Copies a message of the contract in and publishes it. */
    template <class Message> [[nodiscard]] status publish(const Message &message) noexcept
    {
        return message_traits<Message>::publish(publisher_, message);
    }

    ::myc_publisher *get() const noexcept
    {
        return publisher_;
    }
    explicit operator bool() const noexcept
    {
        return publisher_ != nullptr;
    }

    /** Gives the publisher away without closing it. */
    ::myc_publisher *release() noexcept
    {
        ::myc_publisher *released = publisher_;
        publisher_ = nullptr;
        return released;
    }

  private:
    ::myc_publisher *publisher_ = nullptr;
};

/** Owns a subscriber and closes it. */
class subscriber
{
  public:
    subscriber() noexcept = default;
    explicit subscriber(::myc_subscriber *owned) noexcept : subscriber_(owned)
    {
    }
    subscriber(subscriber &&other) noexcept : subscriber_(other.release())
    {
    }
    subscriber &operator=(subscriber &&other) noexcept
    {
        if (this != &other) {
            close();
            subscriber_ = other.release();
        }
        return *this;
    }
    ~subscriber()
    {
        close();
    }

    /** See myc_subscriber_create(); what was owned before is closed. */
    [[nodiscard]] status create(
        ::myc_bus *bus,
        ::myc_waiter *waiter,
        const char *topic,
        ::myc_diagnostic *diagnostic = nullptr) noexcept
    {
        close();
        return ::myc_subscriber_create(bus, waiter, topic, &subscriber_, diagnostic);
    }

    void close() noexcept
    {
        if (subscriber_ != nullptr) {
            ::myc_subscriber_close(release());
        }
    }

    /** Calls `handle` with each delivery, see myc_subscriber_poll(); it may not throw. */
    template <class Handle> std::size_t poll(Handle &&handle, std::size_t messages_max) noexcept
    {
        auto call = [](const ::myc_delivery *delivery, void *context) noexcept {
            (*static_cast<std::remove_reference_t<Handle> *>(context))(*delivery);
        };
        return ::myc_subscriber_poll(subscriber_, call, nullptr, &handle, messages_max);
    }

    ::myc_subscriber *get() const noexcept
    {
        return subscriber_;
    }
    explicit operator bool() const noexcept
    {
        return subscriber_ != nullptr;
    }

    /** Gives the subscriber away without closing it. */
    ::myc_subscriber *release() noexcept
    {
        ::myc_subscriber *released = subscriber_;
        subscriber_ = nullptr;
        return released;
    }

  private:
    ::myc_subscriber *subscriber_ = nullptr;
};

} // namespace mycelium

#endif
