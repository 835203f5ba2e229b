#include "harness/Wait.hxx"

#include <algorithm>
#include <thread>

namespace harness {

bool WaitFor(const std::function<bool()> &condition, Duration patience) {
    const auto end = Now() + patience;
    Duration pause{2};
    while (!condition()) {
        if (Now() >= end)
            return false;
        std::this_thread::sleep_for(pause);
        pause = std::min(pause * 2, Duration{20});
    }
    return true;
}

double SecondsSince(TimePoint since) {
    return std::chrono::duration<double>(Now() - since).count();
}

} // namespace harness
