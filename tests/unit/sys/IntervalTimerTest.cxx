#include "sys/IntervalTimer.hxx"

#include <doctest/doctest.h>

#include <fcntl.h>
#include <poll.h>

using namespace std::chrono_literals;

namespace {

bool IsReadable(sys::Fd fd, int patience) {
    pollfd entry = {fd.Get(), POLLIN, 0};
    return poll(&entry, 1, patience) == 1;
}

} // namespace

TEST_CASE("an interval timer is readable again and again, and not in between") {
    sys::IntervalTimer timer(2ms);
    CHECK((fcntl(timer.Descriptor().Get(), F_GETFD) & FD_CLOEXEC) != 0);
    for (int i = 0; i < 3; i++) {
        CHECK(IsReadable(timer.Descriptor(), 10'000));
        timer.Clear();
    }
    sys::IntervalTimer slow(1h);
    CHECK_FALSE(IsReadable(slow.Descriptor(), 0));
    slow.Clear(); // waits for nothing
}
