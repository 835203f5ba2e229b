#include "util/BoundMethod.hxx"

#include <doctest/doctest.h>

#include <memory>
#include <string>
#include <type_traits>

using namespace util;

namespace {

class Counter {
public:
    void Increment() noexcept { count++; }
    int Add(int number) noexcept { return count += number; }
    void Take(std::unique_ptr<int> number) noexcept { count = *number; }
    const std::string &Name() const noexcept { return name; }

    int count = 0;
    std::string name = "counter";
};

} // namespace

TEST_CASE("a default one is empty, a bound one is not") {
    Counter counter;
    BoundMethod<void()> callback;
    CHECK_FALSE(callback);
    callback = Bind<&Counter::Increment>(counter);
    CHECK(callback);
}

TEST_CASE("it calls the method of its own object") {
    Counter one, other;
    const auto callback = Bind<&Counter::Increment>(one);
    callback();
    callback();
    CHECK(one.count == 2);
    CHECK(other.count == 0);
}

TEST_CASE("arguments go in, results come out") {
    Counter counter;
    const auto add = BoundMethod<int(int)>::Make<&Counter::Add>(counter);
    CHECK(add(3) == 3);
    CHECK(add(4) == 7);

    const auto take = BoundMethod<void(std::unique_ptr<int>)>::Make<&Counter::Take>(counter);
    take(std::make_unique<int>(42));
    CHECK(counter.count == 42);

    const Counter fixed;
    auto name = BoundMethod<const std::string &()>();
    Counter &same = const_cast<Counter &>(fixed);
    name = BoundMethod<const std::string &()>::Make<&Counter::Name>(same);
    CHECK(&name() == &fixed.name);
}

TEST_CASE("it is two words and copies as such") {
    static_assert(sizeof(BoundMethod<void()>) == 2 * sizeof(void *));
    static_assert(std::is_trivially_copyable_v<BoundMethod<void()>>);
    static_assert(noexcept(std::declval<BoundMethod<int(int)> &>()(1)));
    Counter counter;
    const auto first = Bind<&Counter::Increment>(counter);
    const auto copy =
        first; // NOLINT(performance-unnecessary-copy-initialization): the copy is the test
    first();
    copy();
    CHECK(counter.count == 2);
}
