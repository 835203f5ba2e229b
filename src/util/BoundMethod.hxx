#pragma once

#include <utility>

namespace util {

template <typename Signature> class BoundMethod;

/** A callback of two words: an object (borrowed, must outlive the callback) and one of its methods.
 *  No heap, no virtual call. A handler does not throw: it runs in the event loop. */
template <typename Result, typename... Args> class BoundMethod<Result(Args...)> {
public:
    constexpr BoundMethod() noexcept = default;

    explicit operator bool() const noexcept { return call != nullptr; }

    Result operator()(Args... args) const noexcept {
        return call(object, std::forward<Args>(args)...);
    }

    template <auto Method, typename Object>
    static constexpr BoundMethod Make(Object &object) noexcept {
        BoundMethod bound;
        bound.object = &object;
        bound.call = [](void *self, Args... args) noexcept -> Result {
            return (static_cast<Object *>(self)->*Method)(std::forward<Args>(args)...);
        };
        return bound;
    }

private:
    void *object = nullptr;
    Result (*call)(void *, Args...) noexcept = nullptr;
};

/** `Bind<&Class::OnEvent>(*this)` for a handler without arguments. */
template <auto Method, typename Object>
constexpr BoundMethod<void()> Bind(Object &object) noexcept {
    return BoundMethod<void()>::template Make<Method>(object);
}

} // namespace util
