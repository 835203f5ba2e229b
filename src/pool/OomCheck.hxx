#pragma once

#include "sys/Cgroup.hxx"

#include <optional>

namespace pool {

/** Has the kernel's OOM killer been at work since the last look? One answer for all ends that are
 *  reaped together. */
class OomCheck {
public:
    /** Begins to count; after the first start, which it would only delay. */
    void Begin() {
        if (!kills)
            kills.emplace();
    }

    /** Ends are reaped from here on: the next question is a new one. */
    void Forget() noexcept { rose.reset(); }

    bool Rose() {
        if (!rose)
            rose = kills && kills->Rose();
        return *rose;
    }

private:
    std::optional<sys::OomKills> kills;
    std::optional<bool> rose;
};

} // namespace pool
