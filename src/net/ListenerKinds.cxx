#include "net/ListenerKinds.hxx"
#include "net/Activation.hxx"
#include "sys/Accounts.hxx"
#include "sys/Hosts.hxx"
#include "util/Number.hxx"
#include "util/Table.hxx"
#include "util/Text.hxx"
#include "util/UserError.hxx"

#include <climits>
#include <fmt/format.h>

namespace net {

namespace {

using util::Quote;
using util::UserError;

unsigned ParsePort(std::string_view text) {
    const auto port = util::ParseUnsigned(text, 65535);
    if (!port)
        throw UserError(fmt::format("{} is no port: a number from 0 to 65535", Quote(text)));
    return static_cast<unsigned>(*port);
}

Address ResolveHost(std::string_view host, unsigned port) {
    if (const auto literal = Address::FromLiteral(host, port))
        return *literal;
    for (const std::string &address : sys::LookUpHost(host))
        if (const auto literal = Address::FromLiteral(address, port))
            return *literal;
    throw UserError(fmt::format("unknown host {}: an IP address, or a name that /etc/hosts knows",
                                Quote(host)));
}

/** `[HOST:]PORT`, `[v6]:PORT`. */
std::vector<ListenSpec> ParseInet(std::string_view text, int type) {
    std::string_view host, port_text = text;
    if (const auto colon = text.rfind(':'); colon != std::string_view::npos) {
        host = text.substr(0, colon);
        port_text = text.substr(colon + 1);
        if (host.starts_with('[') && host.ends_with(']'))
            host = host.substr(1, host.size() - 2);
        else if (host.find(':') != std::string_view::npos)
            throw UserError("an IPv6 address goes into brackets: [::1]:8000");
        if (host.empty())
            throw UserError(
                "the host before the colon is missing: HOST:PORT, or PORT alone for all addresses");
    }
    const unsigned port = ParsePort(port_text);
    ListenSpec spec;
    spec.at.type = type;
    spec.at.both_families = host.empty();
    spec.at.address = host.empty() ? Address::Any(AF_INET6, port) : ResolveHost(host, port);
    return {spec};
}

/** `/udp` may follow the port. */
std::vector<ListenSpec> ParseTcp(std::string_view text, const ListenContext &) {
    if (text.ends_with("/udp"))
        return ParseInet(text.substr(0, text.size() - 4), SOCK_DGRAM);
    return ParseInet(text, SOCK_STREAM);
}

std::vector<ListenSpec> ParseUdp(std::string_view text, const ListenContext &) {
    return ParseInet(text, SOCK_DGRAM);
}

void ParseUnixOption(std::string_view option, const sys::Accounts &accounts, UnixOptions &options) {
    const auto [key, value] = util::Cut(option, '=');
    if (key == "mode") {
        options.mode = util::ParseMode(value);
        if (!options.mode)
            throw UserError(
                fmt::format("mode {} is no octal file mode such as 0660", Quote(value)));
    } else if (key == "user") {
        const auto number = util::ParseUnsigned(value, UINT_MAX - 1);
        const auto user = number ? std::nullopt : accounts.FindUser(value);
        if (!number && !user)
            throw UserError(
                fmt::format("unknown user {}: a name of /etc/passwd or a number", Quote(value)));
        options.user = number ? static_cast<uid_t>(*number) : user->uid;
    } else if (key == "group") {
        const auto number = util::ParseUnsigned(value, UINT_MAX - 1);
        const auto group =
            number ? std::optional(static_cast<gid_t>(*number)) : accounts.FindGroup(value);
        if (!group)
            throw UserError(
                fmt::format("unknown group {}: a name of /etc/group or a number", Quote(value)));
        options.group = group;
    } else {
        throw UserError(fmt::format("{} is none of mode=, user=, group=", Quote(option)));
    }
}

/** `PATH[,mode=0660][,user=][,group=]`, `@NAME`. */
std::vector<ListenSpec> ParseUnix(std::string_view text, const ListenContext &context) {
    const auto parts = util::Split(text, ',');
    const std::string_view path = parts.empty() ? "" : parts[0];
    const bool abstract = path.starts_with('@');
    ListenSpec spec;
    for (std::size_t i = 1; i < parts.size(); i++)
        ParseUnixOption(parts[i], context.accounts, spec.unix_options);
    if (abstract && parts.size() > 1)
        throw UserError("an abstract name has no file: mode=, user= and group= are for paths");
    const std::string_view name = abstract ? path.substr(1) : path;
    if (name.empty())
        throw UserError("the path is missing: unix:PATH or unix:@NAME");
    if (path.size() > Address::MOST_PATH)
        throw UserError(fmt::format("the path has {} bytes, the kernel takes {}", path.size(),
                                    Address::MOST_PATH));
    spec.at.address = Address::Unix(name, abstract);
    return {spec};
}

ListenSpec Inherited(int descriptor, std::string name) {
    ListenSpec spec;
    spec.name = std::move(name);
    spec.source = ListenSpec::Source::INHERITED;
    spec.descriptor = descriptor;
    return spec;
}

std::vector<ListenSpec> ParseDescriptor(std::string_view text, const ListenContext &) {
    const auto number = util::ParseUnsigned(text, INT_MAX);
    if (!number)
        throw UserError(fmt::format("{} is no descriptor: fd:N with a number N", Quote(text)));
    if (*number == 1 || *number == 2)
        throw UserError("descriptors 1 and 2 are standard output and error: 0, or 3 and above");
    return {Inherited(static_cast<int>(*number), fmt::format("fd{}", *number))};
}

std::vector<ListenSpec> ParseActivation(std::string_view text, const ListenContext &context) {
    if (!text.empty())
        throw UserError("nothing follows the word systemd");
    if (context.activation == nullptr)
        throw UserError(fmt::format("no socket was handed over: {}", context.activation_lacks));
    std::vector<ListenSpec> specs;
    for (int i = 0; i < context.activation->Count(); i++)
        specs.push_back(Inherited(Activation::FIRST + i,
                                  context.activation->names[static_cast<std::size_t>(i)]));
    return specs;
}

} // namespace

constexpr std::array<ListenerKind, 5> LISTENER_KINDS = {{
    {"udp", "udp:[HOST:]PORT, or PORT/udp: a UDP socket", "udp:", ParseUdp},
    {"unix",
     "unix:PATH[,mode=0660][,user=NAME][,group=NAME], or unix:@NAME in the abstract namespace",
     "unix:", ParseUnix},
    {"fd", "fd:N: the socket that the launcher inherited as descriptor N", "fd:", ParseDescriptor},
    {"systemd", "the sockets that LISTEN_FDS hands to the launcher", "systemd", ParseActivation},
    {"tcp",
     "[HOST:]PORT, [IPV6]:PORT: a TCP socket; without HOST on all addresses of both families", "",
     ParseTcp},
}};

static_assert(util::NamesAreUnique(LISTENER_KINDS));
static_assert(LISTENER_KINDS.back().prefix.empty());

namespace {

/** A name before '=' is made of letters, digits and -_. only: paths and options hold '=' too. */
bool IsName(std::string_view text) noexcept {
    return !text.empty() &&
           text.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                  "0123456789-_.") == std::string_view::npos;
}

const ListenerKind &FindKind(std::string_view address) noexcept {
    for (const ListenerKind &kind : LISTENER_KINDS)
        if (address.starts_with(kind.prefix))
            return kind;
    return LISTENER_KINDS.back();
}

} // namespace

std::vector<ListenSpec> ParseListener(std::string_view text, const ListenContext &context) {
    std::string_view name, address = text;
    if (const auto [before, after] = util::Cut(text, '=');
        IsName(before) && before.size() < text.size()) {
        name = before;
        address = after;
    }
    if (address.empty())
        throw UserError("the address is missing");
    const ListenerKind &kind = FindKind(address);
    auto specs = kind.parse(address.substr(kind.prefix.size()), context);
    for (ListenSpec &spec : specs) {
        spec.text = kind.parse == ParseActivation
                        ? fmt::format("descriptor {} of LISTEN_FDS", spec.descriptor)
                        : text;
        if (!name.empty())
            spec.name = name;
    }
    return specs;
}

} // namespace net
