#include "loop/DeferEvent.hxx"

#include <algorithm>

namespace loop {

void DeferEvent::Schedule() {
    if (pending)
        return;
    loop.deferred.push_back(this);
    pending = true;
}

void DeferEvent::Cancel() noexcept {
    if (!pending)
        return;
    // Blanked, not erased: the loop may be walking over the list.
    std::replace(loop.deferred.begin(), loop.deferred.end(), this,
                 static_cast<DeferEvent *>(nullptr));
    pending = false;
}

} // namespace loop
