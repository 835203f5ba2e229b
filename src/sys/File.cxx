#include "sys/File.hxx"
#include "sys/UniqueFd.hxx"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace sys {

std::optional<std::string> ReadFile(const std::string &path, std::size_t most) {
    const UniqueFd file(AdoptTag(), open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file.IsDefined())
        return std::nullopt;
    std::string content;
    std::array<char, 4096> buffer;
    for (;;) {
        const ssize_t length = read(file.Get(), buffer.data(), buffer.size());
        if (length < 0 && errno == EINTR)
            continue;
        if (length < 0)
            return std::nullopt;
        if (length == 0)
            return content;
        if (content.size() + static_cast<std::size_t>(length) > most) {
            errno = EFBIG;
            return std::nullopt;
        }
        content.append(buffer.data(), static_cast<std::size_t>(length));
    }
}

} // namespace sys
