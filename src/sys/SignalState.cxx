#include "sys/SignalState.hxx"
#include "sys/File.hxx"
#include "util/Text.hxx"

#include <array>
#include <charconv>
#include <string_view>
#include <unistd.h>

namespace sys {

namespace {

std::uint64_t ToMask(std::string_view hexadecimal) noexcept {
    std::uint64_t mask = 0;
    std::from_chars(hexadecimal.data(), hexadecimal.data() + hexadecimal.size(), mask, 16);
    return mask;
}

} // namespace

bool SignalState::CatchesAll() const noexcept {
    constexpr std::uint64_t REAL_TIME = 0xfffffff000000000; // but those of the C library
    return (caught & REAL_TIME) == REAL_TIME;
}

std::optional<SignalState> ReadSignalState(pid_t pid) {
    const auto content = ReadFile("/proc/" + std::to_string(pid) + "/status");
    if (!content)
        return std::nullopt;
    SignalState state;
    // One "Name:\tvalue" a line; a newline in the program's name is escaped.
    for (const std::string_view line : util::Split(*content, '\n')) {
        const auto [name, rest] = util::Cut(line, ':');
        const std::string_view value = util::Trim(rest);
        if (name == "Name")
            state.name = value;
        else if (name == "SigCgt")
            state.caught = ToMask(value);
        else if (name == "SigBlk")
            state.blocked = ToMask(value);
        else if (name == "SigPnd" || name == "ShdPnd")
            state.pending |= ToMask(value);
    }
    return state;
}

std::string ReadExecutable(pid_t pid) {
    std::array<char, 4096> target = {};
    const std::string link = "/proc/" + std::to_string(pid) + "/exe";
    const ssize_t length = readlink(link.c_str(), target.data(), target.size());
    if (length <= 0)
        return "";
    const std::string_view path(target.data(), static_cast<std::size_t>(length));
    return std::string(path.substr(path.rfind('/') + 1));
}

bool IsInOwnGroup(pid_t pid) noexcept {
    return getpgid(pid) == getpgrp();
}

} // namespace sys
