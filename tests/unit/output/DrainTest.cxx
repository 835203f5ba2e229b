#include "output/Drain.hxx"
#include "output/Drains.hxx"
#include "unit/output/Sources.hxx"

#include <doctest/doctest.h>

#include <csignal>

using namespace output;

namespace {

/** Gives lines of a kilobyte as long as there is room. */
class Lines final : public Source {
public:
    Lines(Drain &_drain, char _letter, int _left)
        : drain(_drain), line(1023, _letter), left(_left) {
        drain.Attach(*this);
    }
    ~Lines() override { drain.Detach(*this); }

    void Resume() noexcept override {
        resumed++;
        while (left > 0) {
            if (!drain.MakeRoom())
                return drain.Wait(*this);
            drain.GetOutlet().Add({}, line);
            left--;
        }
    }

    void Close() noexcept override { closed++; }

    Drain &drain;
    const std::string line;
    int left, resumed = 0, closed = 0;
};

} // namespace

TEST_CASE_FIXTURE(unit::Plumbing, "lines of one turn are written with its next") {
    drain.GetOutlet().Add("a", "b");
    drain.GetOutlet().Add({}, "c");
    CHECK(sink.ReadNow().empty());
    Turn(1);
    CHECK(sink.ReadNow() == "ab\nc\n");
}

TEST_CASE_FIXTURE(unit::Plumbing, "sources wait for a reader, in turn, and lose nothing") {
    Lines first(drain, 'a', 1000), second(drain, 'b', 1000);
    first.Resume();
    second.Resume();
    Turn();
    // 64 KiB in the pipe, 256 KiB here.
    CHECK(first.left > 600);
    CHECK(second.left == 1000);
    const int left = first.left;
    Turn(100);
    CHECK(first.left == left);

    std::string all;
    int most_apart = 0;
    for (int i = 0; i < 10'000 && all.size() < 2'000 * 1024; i++) {
        all += sink.ReadNow();
        Turn(1);
        if (second.left > 0)
            most_apart = std::max(most_apart, second.left - first.left);
    }
    CHECK(all.size() == 2'000 * 1024);
    CHECK(first.left == 0);
    CHECK(second.left == 0);
    CHECK(most_apart < 700); // neither waits for the other's end
    for (std::size_t i = 0; i < all.size(); i += 1024)
        REQUIRE((all.substr(i, 1024) == first.line + "\n" ||
                 all.substr(i, 1024) == second.line + "\n"));
    CHECK(drain.GetOutlet().HasRoom());
}

TEST_CASE_FIXTURE(unit::Plumbing, "the reader has gone: the sources are closed") {
    void (*const before)(int) = std::signal(SIGPIPE, SIG_IGN);
    Lines source(drain, 'a', 10);
    sink.reader.Close();
    source.Resume();
    CHECK(source.closed == 0);
    Turn();
    CHECK(source.closed == 1);
    CHECK(drain.IsClosed());
    std::signal(SIGPIPE, before);
}

TEST_CASE_FIXTURE(unit::Plumbing, "or what they say goes nowhere, and is counted") {
    void (*const before)(int) = std::signal(SIGPIPE, SIG_IGN);
    Drain swallowing(loop, report::Outlet(sys::Fd(sink.writer)), Drain::Gone::SWALLOW);
    Lines source(swallowing, 'a', 1000);
    sink.reader.Close();
    source.Resume();
    Turn();
    CHECK(source.closed == 0);
    CHECK(source.left == 0);
    CHECK(swallowing.GetOutlet().TakeLost() == 1000);

    const unit::Pipe other;
    swallowing.Replace(
        sys::UniqueFd(sys::AdoptTag(), fcntl(other.writer.Get(), F_DUPFD_CLOEXEC, 0)));
    swallowing.GetOutlet().Add({}, "again");
    Turn();
    CHECK(other.ReadNow() == "again\n");
    std::signal(SIGPIPE, before);
}

TEST_CASE_FIXTURE(unit::Plumbing, "two descriptors of one pipe have one drain") {
    Drains drains(loop);
    const sys::UniqueFd copy(sys::AdoptTag(), fcntl(sink.writer.Get(), F_DUPFD_CLOEXEC, 0));
    const unit::Pipe other;
    Drain &first = drains.Borrow(sink.writer);
    CHECK(&drains.Borrow(sink.writer) == &first);
    CHECK(&drains.Borrow(copy) == &first);
    CHECK(&drains.Borrow(other.writer) != &first);
    Drain &own =
        drains.Own(sys::UniqueFd(sys::AdoptTag(), fcntl(sink.writer.Get(), F_DUPFD_CLOEXEC, 0)));
    CHECK(&own != &first);
}
