// SPDX-License-Identifier: MIT OR Apache-2.0
/*
 * Topology files, read with toml++ and handed over as the library's own structure.
 *
 * Everything a file can get wrong ends as one line "file:line: what is wrong; what to do". No C++
 * exception leaves this file. What the keys mean is decided here, what makes a good topology by
 * myc_topology_check(), which is asked after each node so that its answer gets that node's line.
 */
#include <mycelium/toml.h>

#include <mycelium/interface/file.h>
#include <mycelium/interface/memory.h>

#include <algorithm>
#include <cstring>
#include <exception>
#include <new>
#include <string>
#include <string_view>
#include <vector>

#include <arpa/inet.h>

namespace
{

struct unreadable : std::exception {
    const char *what() const noexcept override
    {
        return "not valid TOML";
    }
};

[[noreturn]] void refuse_unreadable()
{
    throw unreadable();
}

} // namespace

// toml++ asserts what files can get wrong, such as "[.a]", and with NDEBUG assumes it instead,
// which is undefined. Here what it asserts is checked in every build, and failing is a bad file.
#undef NDEBUG
#define TOML_ASSERT(expression) (static_cast<bool>(expression) ? void(0) : refuse_unreadable())
#include <toml++/toml.h>

namespace
{

constexpr uint64_t file_bytes_max = 1024 * 1024;
constexpr size_t dots_max = 32;

struct failure {
    enum myc_status status;
    std::string text;
};

using line_number = toml::source_index;

// Control characters and line breaks would break the promise of one line.
std::string printable(std::string_view text)
{
    std::string clean;
    for (char byte : text) {
        clean += byte >= 0x20 && byte != 0x7f ? byte : '?';
    }
    return clean;
}

std::string quoted(std::string_view text)
{
    return "'" + printable(text) + "'";
}

[[noreturn]] void fail(
    const char *name,
    line_number line,
    const std::string &text,
    enum myc_status status = MYC_SYNTAX)
{
    throw failure{status, std::string(name) + ":" + std::to_string(line) + ": " + text};
}

struct place {
    const char *file;
    const char *directory;
};

struct node_entry {
    const toml::key *key;
    const toml::node *value;
};

bool is_name(std::string_view name)
{
    return !name.empty() && std::all_of(name.begin(), name.end(), [](char byte) {
        return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z')
               || (byte >= '0' && byte <= '9') || byte == '_' || byte == '-';
    });
}

void copy_name(
    const place &at, line_number line, std::string_view name, char (&target)[MYC_NAME_BYTES])
{
    if (!is_name(name)) {
        fail(at.file, line, quoted(name) + " is not a name; use letters, digits, '_' and '-' only");
    }
    if (name.size() >= MYC_NAME_BYTES) {
        fail(
            at.file,
            line,
            quoted(name) + " is too long; a name has at most " + std::to_string(MYC_NAME_BYTES - 1)
                + " characters");
    }
    std::memcpy(target, name.data(), name.size());
    target[name.size()] = '\0';
}

// Names would need a resolver, which blocks: addresses only.
bool is_numeric_host(const char *host)
{
    unsigned char bytes[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, host, bytes) == 1 || inet_pton(AF_INET6, host, bytes) == 1;
}

void read_endpoint(const place &at, const toml::node &value, struct myc_topology_node &node)
{
    line_number line = value.source().begin.line;
    const auto *text = value.as_string();
    if (text == nullptr) {
        fail(at.file, line, "'endpoint' must be a string such as \"unix:market.sock\"");
    }
    if (text->get().find('\0') != std::string::npos) {
        fail(at.file, line, "'endpoint' has a zero byte in it; remove it");
    }
    struct myc_diagnostic inner;
    myc_diagnostic_clear(&inner);
    enum myc_status status = myc_endpoint_parse(
        text->get().c_str(), at.directory, &node.transport, &node.address, &inner);
    if (status != MYC_OK) {
        fail(at.file, line, std::string("node '") + node.name + "': " + printable(inner.text));
    }
    if (node.address.kind == MYC_ADDRESS_TCP && !is_numeric_host(node.address.text)) {
        fail(
            at.file,
            line,
            std::string("node '") + node.name + "': host " + quoted(node.address.text)
                + " is not numeric; write an address such as 127.0.0.1 or [::1]");
    }
}

// Adds one service after making sure that no node before has it, this one included.
void add_service(
    const place &at,
    const toml::node &value,
    const struct myc_topology &topology,
    struct myc_topology_node &node)
{
    line_number line = value.source().begin.line;
    const auto *text = value.as_string();
    if (text == nullptr) {
        fail(at.file, line, "'services' must hold strings only, such as [\"adapter\"]");
    }
    if (node.service_count == MYC_NODE_SERVICES_MAX) {
        fail(
            at.file,
            line,
            std::string("node '") + node.name + "' has more than "
                + std::to_string(MYC_NODE_SERVICES_MAX) + " services; move some to another node");
    }
    char(&target)[MYC_NAME_BYTES] = node.services[node.service_count];
    copy_name(at, line, text->get(), target);
    for (uint32_t n = 0; n <= topology.node_count; n++) {
        const struct myc_topology_node &other = n < topology.node_count ? topology.nodes[n] : node;
        for (uint32_t s = 0; s < other.service_count; s++) {
            if (text->get() == other.services[s]) {
                fail(
                    at.file,
                    line,
                    "service " + quoted(text->get()) + " is already on node '" + other.name
                        + "'; a service runs on one node, remove one of the two");
            }
        }
    }
    node.service_count++;
}

void read_services(
    const place &at,
    const toml::node &value,
    const struct myc_topology &topology,
    struct myc_topology_node &node)
{
    const auto *list = value.as_array();
    if (list == nullptr) {
        fail(
            at.file,
            value.source().begin.line,
            "'services' must be an array of strings such as [\"adapter\"]");
    }
    for (const toml::node &item : *list) {
        add_service(at, item, topology, node);
    }
}

void read_node(const place &at, const node_entry &entry, struct myc_topology &topology)
{
    line_number line = entry.key->source().begin.line;
    std::string name = quoted(entry.key->str());
    const auto *table = entry.value->as_table();
    if (table == nullptr) {
        fail(at.file, line, "node " + name + " must be a table: write [nodes.NAME]");
    }
    struct myc_topology_node &node = topology.nodes[topology.node_count];
    copy_name(at, line, entry.key->str(), node.name);
    for (auto &&[key, value] : *table) {
        (void)value;
        if (key.str() != "endpoint" && key.str() != "services") {
            fail(
                at.file,
                key.source().begin.line,
                "unknown key " + quoted(key.str()) + " in node " + name
                    + "; a node has 'endpoint' and 'services'");
        }
    }
    const toml::node *endpoint = table->get("endpoint");
    if (endpoint == nullptr) {
        fail(
            at.file,
            line,
            "node " + name + " has no 'endpoint'; add one, such as endpoint = \"local\"");
    }
    const toml::node *services = table->get("services");
    if (services == nullptr) {
        fail(
            at.file,
            line,
            "node " + name + " has no 'services'; add some, such as services = [\"adapter\"]");
    }
    read_endpoint(at, *endpoint, node);
    read_services(at, *services, topology, node);
    topology.node_count++;

    struct myc_diagnostic inner;
    myc_diagnostic_clear(&inner);
    if (myc_topology_check(&topology, &inner) != MYC_OK) {
        fail(at.file, line, printable(inner.text));
    }
}

// The order of nodes is that of the file, which a TOML table does not keep: lines and columns do.
std::vector<node_entry> nodes_in_file_order(const toml::table &nodes)
{
    std::vector<node_entry> entries;
    for (auto &&[key, value] : nodes) {
        entries.push_back(node_entry{&key, &value});
    }
    std::sort(entries.begin(), entries.end(), [](const node_entry &a, const node_entry &b) {
        const toml::source_position &first = a.key->source().begin;
        const toml::source_position &second = b.key->source().begin;
        return first.line != second.line ? first.line < second.line : first.column < second.column;
    });
    return entries;
}

void read_topology(const place &at, const toml::table &root, struct myc_topology &topology)
{
    for (auto &&[key, value] : root) {
        (void)value;
        if (key.str() != "nodes") {
            fail(
                at.file,
                key.source().begin.line,
                "unknown key " + quoted(key.str()) + "; a topology has tables [nodes.NAME] only");
        }
    }
    const toml::node *value = root.get("nodes");
    if (value == nullptr) {
        fail(at.file, 1, "there is no node; add a table [nodes.NAME]");
    }
    line_number line = std::max<line_number>(value->source().begin.line, 1);
    const auto *nodes = value->as_table();
    if (nodes == nullptr) {
        fail(at.file, line, "'nodes' must hold tables: write [nodes.NAME]");
    }
    if (nodes->empty()) {
        fail(at.file, line, "there is no node; add a table [nodes.NAME]");
    }
    for (const node_entry &entry : nodes_in_file_order(*nodes)) {
        if (topology.node_count == MYC_NODES_MAX) {
            fail(
                at.file,
                entry.key->source().begin.line,
                "there are more than " + std::to_string(MYC_NODES_MAX) + " nodes; remove some");
        }
        read_node(at, entry, topology);
    }
}

// What toml++ makes of letters beyond ASCII outside strings is undefined (it takes them for blanks
// it has forgotten), so they are found first. They may stand in comments and in strings of one
// line.
void check_text(std::string_view text, const char *name)
{
    line_number line = 1;
    char quote = 0; // the mark that ends the string, 0 outside strings
    bool is_long = false;
    bool is_comment = false;
    size_t dots = 0; // outside strings in this line: toml++ recurses once for each part of a key
    for (size_t i = text.substr(0, 3) == "\xEF\xBB\xBF" ? 3 : 0; i < text.size(); i++) {
        char byte = text[i];
        if (byte == '\n') {
            line++;
            dots = 0;
            is_comment = false;
            quote = is_long ? quote : char(0);
        } else if (is_comment) {
            continue;
        } else if ((static_cast<unsigned char>(byte) & 0x80) != 0 && (quote == 0 || is_long)) {
            fail(name, line, "not valid TOML: letters beyond ASCII belong in quotes");
        } else if (quote == 0 && byte == '.' && ++dots > dots_max) {
            fail(name, line, "not valid TOML: too many dots in a line; write [nodes.NAME]");
        } else if (quote == 0 && byte == '#') {
            is_comment = true;
        } else if (quote == '"' && byte == '\\' && i + 1 < text.size() && text[i + 1] != '\n') {
            i++;
        } else if ((byte == '"' || byte == '\'') && (quote == 0 || quote == byte)) {
            bool is_triple = text.substr(i, 3) == std::string(3, byte);
            if (quote == 0) {
                quote = byte;
                is_long = is_triple;
                i += is_long ? 2 : 0;
            } else if (!is_long || is_triple) {
                i += is_long ? 2 : 0;
                quote = 0;
                is_long = false;
            }
        }
    }
}

bool is_unreadable(std::string_view text)
{
    try {
        (void)toml::parse(text);
    } catch (const unreadable &) {
        return true;
    } catch (const toml::parse_error &) {
        return false;
    }
    return false;
}

// The line at which the parser gave up without saying where: it reads from the start, so the file
// up to that line is the shortest that it gives up on.
line_number find_unreadable_line(std::string_view text)
{
    std::vector<size_t> ends;
    for (size_t i = 0; i < text.size(); i++) {
        if (text[i] == '\n') {
            ends.push_back(i + 1);
        }
    }
    ends.push_back(text.size());
    size_t low = 0;
    size_t high = ends.size() - 1;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (is_unreadable(text.substr(0, ends[middle]))) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    return static_cast<line_number>(low + 1);
}

void parse(
    std::string_view text, const char *name, const char *directory, struct myc_topology &topology)
{
    toml::table root;
    check_text(text, name);
    try {
        root = toml::parse(text, std::string_view(name));
    } catch (const toml::parse_error &error) {
        fail(
            name,
            std::max<line_number>(error.source().begin.line, 1),
            "not valid TOML: " + printable(error.description()));
    } catch (const unreadable &) {
        fail(
            name,
            find_unreadable_line(text),
            "not valid TOML: write tables as [nodes.NAME] and keys as NAME = VALUE");
    }
    read_topology(place{name, directory}, root, topology);
}

// Reads the whole file into `bytes`, which has room for `size`.
enum myc_status read_all(
    struct myc_file *file, struct myc_handle handle, char *bytes, size_t size, size_t *out_size)
{
    size_t done = 0;
    while (done < size) {
        struct myc_span rest = {bytes + done, size - done};
        size_t count = 0;
        enum myc_status status = myc_file_read(file, handle, done, rest, &count);
        if (status == MYC_END) {
            break;
        }
        if (status != MYC_OK) {
            return status;
        }
        done += count;
    }
    *out_size = done;
    return MYC_OK;
}

enum myc_status set_with_file(
    struct myc_diagnostic *diagnostic, enum myc_status status, const char *path, const char *text)
{
    enum myc_status result = myc_diagnostic_set(diagnostic, status, 0, path);
    myc_diagnostic_append(diagnostic, ": ");
    myc_diagnostic_append(diagnostic, text);
    return result;
}

} // namespace

enum myc_status myc_toml_parse_topology(
    const char *text,
    size_t size,
    const char *name,
    const char *directory,
    struct myc_topology *out_topology,
    struct myc_diagnostic *diagnostic)
{
    myc_diagnostic_clear(diagnostic);
    if ((text == nullptr && size != 0) || name == nullptr || out_topology == nullptr) {
        return myc_diagnostic_set(
            diagnostic, MYC_INVALID, 0, "text, name and out_topology must not be NULL");
    }
    try {
        struct myc_topology topology = {};
        parse(std::string_view(text, size), name, directory, topology);
        *out_topology = topology;
        return MYC_OK;
    } catch (const failure &problem) {
        return myc_diagnostic_set(diagnostic, problem.status, 0, problem.text.c_str());
    } catch (const std::bad_alloc &) {
        return set_with_file(diagnostic, MYC_NO_MEMORY, name, "memory is exhausted");
    } catch (const std::exception &problem) {
        return set_with_file(diagnostic, MYC_SYNTAX, name, problem.what());
    }
}

enum myc_status myc_toml_load_topology(
    struct myc_platform *platform,
    const char *path,
    const char *directory,
    struct myc_topology *out_topology,
    struct myc_diagnostic *diagnostic)
{
    myc_diagnostic_clear(diagnostic);
    if (platform == nullptr || path == nullptr || out_topology == nullptr) {
        return myc_diagnostic_set(
            diagnostic, MYC_INVALID, 0, "platform, path and out_topology must not be NULL");
    }
    struct myc_handle handle = {0};
    enum myc_status status = myc_file_open(platform->file, path, 0, &handle, diagnostic);
    if (status != MYC_OK) {
        return set_with_file(
            diagnostic,
            status,
            path,
            status == MYC_NOT_FOUND ? "there is no such file; check the path"
                                    : myc_status_sentence(status));
    }
    uint64_t size = 0;
    char *bytes = nullptr;
    status = myc_file_get_size(platform->file, handle, &size);
    if (status == MYC_OK && size > file_bytes_max) {
        status = MYC_TOO_BIG;
    }
    if (status == MYC_OK) {
        bytes = static_cast<char *>(
            myc_memory_allocate(platform->memory, static_cast<size_t>(size) + 1, 1));
        status = bytes == nullptr ? MYC_NO_MEMORY : MYC_OK;
    }
    size_t count = 0;
    if (status == MYC_OK) {
        status = read_all(platform->file, handle, bytes, static_cast<size_t>(size), &count);
    }
    if (status == MYC_OK) {
        status = myc_toml_parse_topology(bytes, count, path, directory, out_topology, diagnostic);
    } else {
        status = set_with_file(diagnostic, status, path, myc_status_sentence(status));
    }
    myc_memory_release(platform->memory, bytes, static_cast<size_t>(size) + 1);
    myc_file_close(platform->file, handle);
    return status;
}
