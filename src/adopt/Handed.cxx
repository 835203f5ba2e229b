#include "adopt/Handed.hxx"

#include <algorithm>

namespace adopt {

void Handed::Add(const Handed &other) {
    descriptors.insert(descriptors.end(), other.descriptors.begin(), other.descriptors.end());
    exceptions.insert(exceptions.end(), other.exceptions.begin(), other.exceptions.end());
}

bool Handed::Covers(pid_t process, const Descriptor &one) const noexcept {
    const bool is_handed =
        std::any_of(descriptors.begin(), descriptors.end(), [&one](const Descriptor &other) {
            return other.number == one.number && other.inode == one.inode;
        });
    return is_handed &&
           std::none_of(exceptions.begin(), exceptions.end(), [&](const Exception &exception) {
               return exception.process == process && exception.number == one.number;
           });
}

} // namespace adopt
