#pragma once

#include "net/ListenSpec.hxx"

#include <array>
#include <string_view>
#include <vector>

namespace sys {
class Accounts;
}

namespace net {

struct Activation;

/** What the parsers of the rows may look into. All borrowed. */
struct ListenContext {
    const sys::Accounts &accounts;
    const Activation *activation; // nullptr: nothing was handed over by LISTEN_FDS
    std::string_view activation_lacks; // then: why
};

/** One form of address. A row takes a text that begins with its prefix; the last takes everything. */
struct ListenerKind {
    std::string_view name, help, prefix;

    /** `text` is what follows the prefix. Throws util::UserError with what would be right. Fills all of
     *  the specs but `text`, and `name` only where it was handed over; mostly one. */
    std::vector<ListenSpec> (*parse)(std::string_view text, const ListenContext &context);
};

extern const std::array<ListenerKind, 5> LISTENER_KINDS;

/** `[NAME=]ADDRESS` of -l and -p. Throws util::UserError. */
std::vector<ListenSpec> ParseListener(std::string_view text, const ListenContext &context);

} // namespace net
