#include "net/Activation.hxx"
#include "util/Number.hxx"
#include "util/Text.hxx"
#include "util/UserError.hxx"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <climits>

namespace net {

namespace {

constexpr std::uint64_t MOST = 100'000; // more than any limit of descriptors in use

bool IsOpen(int fd) noexcept {
    return fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
}

} // namespace

ActivationResult ReadActivation(
    const std::function<std::optional<std::string_view>(std::string_view)> &find, pid_t pid) {
    const auto count_text = find("LISTEN_FDS");
    const auto pid_text = find("LISTEN_PID");
    if (!count_text || !pid_text)
        return {std::nullopt, "LISTEN_FDS and LISTEN_PID are not set"};
    const auto speaks_to = util::ParseUnsigned(*pid_text, INT_MAX);
    if (speaks_to != static_cast<std::uint64_t>(pid))
        return {std::nullopt,
                fmt::format("LISTEN_PID={} speaks to another process than this one ({})", *pid_text,
                            pid)};
    const auto count = util::ParseUnsigned(*count_text, MOST);
    if (!count || *count == 0)
        throw util::UserError(
            fmt::format("LISTEN_FDS={}: not a number of descriptors (1, 2, …)", *count_text));

    Activation activation;
    for (int i = 0; i < static_cast<int>(*count); i++)
        if (!IsOpen(Activation::FIRST + i))
            throw util::UserError(fmt::format(
                "LISTEN_FDS={} promises descriptors {} to {}, but descriptor {} is not open",
                *count_text, Activation::FIRST, Activation::FIRST + static_cast<int>(*count) - 1,
                Activation::FIRST + i));
    if (const auto names = find("LISTEN_FDNAMES")) {
        for (const std::string_view name : util::Split(*names, ':'))
            activation.names.emplace_back(name);
        if (activation.names.size() != *count)
            throw util::UserError(
                fmt::format("LISTEN_FDNAMES={} has {} names for the {} descriptors of LISTEN_FDS",
                            *names, activation.names.size(), *count));
    } else {
        activation.names.assign(*count, "unknown"); // as sd_listen_fds_with_names(3) calls them
    }
    return {std::move(activation), ""};
}

} // namespace net
