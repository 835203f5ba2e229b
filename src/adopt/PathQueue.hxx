#pragma once

#include "net/HeldPath.hxx"
#include "util/BoundMethod.hxx"

#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>

namespace adopt {

/** Which unix paths are being bound: one caller does, others that want the same path wait for what
 *  comes of it. */
class PathQueue {
public:
    using Key = std::tuple<dev_t, ino_t, std::string>;

    static Key KeyOf(const net::NameInDirectory &name) {
        return {name.DirectoryId().device, name.DirectoryId().inode, name.Name()};
    }

    bool IsBusy(const Key &key) const { return busy.contains(key); }
    void Begin(const Key &key) { busy.insert(key); }

    /** Calls everybody who waits; they may wait again. */
    void End(const Key &key) noexcept {
        busy.erase(key);
        for (const auto &[who, decide] : std::exchange(waiting, {}))
            decide();
    }

    /** `who` names the caller for Leave(). */
    void Wait(const void *who, util::BoundMethod<void()> decide) {
        waiting.insert_or_assign(who, decide);
    }
    void Leave(const void *who) noexcept { waiting.erase(who); }

private:
    std::set<Key> busy;
    std::map<const void *, util::BoundMethod<void()>> waiting;
};

} // namespace adopt
