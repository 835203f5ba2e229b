#include "sys/Descent.hxx"
#include "sys/Proc.hxx"

namespace sys {

bool Descent::Step(std::size_t budget) {
    for (; budget > 0 && looked < found.size() && found.size() < MOST; budget--)
        for (const pid_t child : ChildrenOf(found[looked++])) {
            if (found.size() == MOST)
                break;
            found.push_back(child);
        }
    return looked == found.size() || found.size() == MOST;
}

} // namespace sys
