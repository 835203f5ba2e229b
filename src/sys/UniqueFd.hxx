#pragma once

#include <utility>

namespace sys {

/** A borrowed descriptor: a value, it closes nothing. */
class Fd {
public:
    constexpr Fd() noexcept = default;
    explicit constexpr Fd(int number) noexcept : fd(number) {}

    constexpr bool IsDefined() const noexcept { return fd >= 0; }
    constexpr int Get() const noexcept { return fd; }

    friend constexpr bool operator==(Fd, Fd) noexcept = default;

private:
    int fd = -1;
};

struct AdoptTag {};

/** Owns a descriptor and closes it. Adopting a plain number is explicit. */
class UniqueFd {
public:
    constexpr UniqueFd() noexcept = default;
    constexpr UniqueFd(AdoptTag, int number) noexcept : fd(number) {}
    UniqueFd(UniqueFd &&other) noexcept : fd(std::exchange(other.fd, Fd())) {}
    ~UniqueFd() noexcept { Close(); }

    /** The old descriptor is closed now, not when `other` dies. */
    UniqueFd &operator=(UniqueFd &&other) noexcept {
        if (this != &other) {
            Close();
            fd = std::exchange(other.fd, Fd());
        }
        return *this;
    }

    void Close() noexcept;

    /** The caller owns the number from now on. */
    int Release() noexcept { return std::exchange(fd, Fd()).Get(); }

    bool IsDefined() const noexcept { return fd.IsDefined(); }
    int Get() const noexcept { return fd.Get(); }
    operator Fd() const noexcept { return fd; }

private:
    Fd fd;
};

/** Another descriptor for the same open file, close-on-exec; undefined with errno. */
UniqueFd Duplicate(Fd fd) noexcept;

/** An owner for the number that a description names. The descriptor stayed open for one exec(2) and
 *  is close-on-exec again from now on. Below 0: undefined. */
UniqueFd Reclaim(int number) noexcept;

} // namespace sys
