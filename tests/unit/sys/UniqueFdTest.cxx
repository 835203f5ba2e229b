#include "sys/UniqueFd.hxx"
#include "unit/Pipe.hxx"

#include <doctest/doctest.h>

#include <type_traits>

using namespace sys;
using unit::IsOpen;

TEST_CASE("the destructor closes") {
    int number = -1;
    {
        unit::Pipe pipe;
        number = pipe.reader.Get();
        CHECK(IsOpen(number));
    }
    CHECK_FALSE(IsOpen(number));
}

TEST_CASE("move assignment closes the old one now, not when the source dies") {
    unit::Pipe one, two;
    const int old = one.reader.Get(), taken = two.reader.Get();
    one.reader = std::move(two.reader);
    CHECK_FALSE(IsOpen(old));
    CHECK(IsOpen(taken));
    CHECK(one.reader.Get() == taken);
    CHECK_FALSE(two.reader.IsDefined()); // NOLINT(bugprone-use-after-move): that is the question
}

TEST_CASE("assigning an empty one closes") {
    unit::Pipe pipe;
    const int number = pipe.reader.Get();
    pipe.reader = UniqueFd();
    CHECK_FALSE(IsOpen(number));
    CHECK_FALSE(pipe.reader.IsDefined());
}

TEST_CASE("assigning to itself changes nothing") {
    unit::Pipe pipe;
    const int number = pipe.reader.Get();
    UniqueFd &same = pipe.reader;
    pipe.reader = std::move(same);
    CHECK(pipe.reader.Get() == number);
    CHECK(IsOpen(number));
}

TEST_CASE("moving takes the descriptor away") {
    unit::Pipe pipe;
    const int number = pipe.reader.Get();
    {
        const UniqueFd owner = std::move(pipe.reader);
        CHECK(owner.Get() == number);
        CHECK_FALSE(
            pipe.reader.IsDefined()); // NOLINT(bugprone-use-after-move): that is the question
    }
    CHECK_FALSE(IsOpen(number));
}

TEST_CASE("closing twice is closing once: the number may be another's by then") {
    unit::Pipe pipe;
    const int number = pipe.reader.Get();
    pipe.reader.Close();
    const UniqueFd other(AdoptTag(), open("/dev/null", O_RDONLY | O_CLOEXEC));
    CHECK(other.Get() == number);
    pipe.reader.Close();
    CHECK(IsOpen(number));
}

TEST_CASE("a borrowed one closes nothing, and 0 is a descriptor") {
    unit::Pipe pipe;
    {
        const Fd borrowed = pipe.reader;
        CHECK(borrowed == Fd(pipe.reader.Get()));
        CHECK_FALSE(borrowed == Fd(pipe.writer.Get()));
    }
    CHECK(IsOpen(pipe.reader.Get()));
    CHECK(Fd(0).IsDefined());
    CHECK_FALSE(Fd().IsDefined());
    CHECK_FALSE(Fd(-1).IsDefined());
    static_assert(!std::is_convertible_v<int, Fd>);
    static_assert(!std::is_convertible_v<int, UniqueFd>);
    static_assert(!std::is_copy_constructible_v<UniqueFd>);
}
