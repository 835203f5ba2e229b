#include "adopt/Exclusive.hxx"
#include "net/Address.hxx"
#include "util/Number.hxx"
#include "util/UserError.hxx"

#include <filesystem>
#include <fmt/format.h>

namespace adopt {

namespace {

constexpr std::string_view UNIX = "unix:";

std::string Normal(std::string_view path) {
    if (path.starts_with('@')) // an abstract name is no path
        return std::string(path);
    return std::filesystem::path(path).lexically_normal();
}

} // namespace

void Exclusives::Add(std::string_view text) {
    if (const auto port = util::ParseUnsigned(text, 65535)) {
        ports.insert(static_cast<unsigned>(*port));
        return;
    }
    const bool is_unix = text.starts_with(UNIX);
    const std::string_view path = is_unix ? text.substr(UNIX.size()) : "";
    if (path.empty() || path == "@")
        throw util::UserError("must be a port from 0 to 65535, unix:PATH or unix:@NAME");
    if (path.size() > net::Address::MOST_PATH)
        throw util::UserError(fmt::format("the path has {} bytes, the kernel takes {}", path.size(),
                                          net::Address::MOST_PATH));
    paths.insert(Normal(path));
}

bool Exclusives::HasPath(std::string_view path) const {
    return !paths.empty() && paths.contains(Normal(path));
}

} // namespace adopt
