#include "output/Drains.hxx"

namespace output {

Drain &Drains::Borrow(sys::Fd fd) {
    for (Entry &entry : entries)
        if (entry.fd == fd || (entry.fd.IsDefined() && sys::IsSameFile(entry.fd, fd)))
            return entry.drain;
    return entries.emplace_back(loop, report::Outlet(fd), fd).drain;
}

Drain &Drains::Own(sys::UniqueFd fd) {
    return entries.emplace_back(loop, report::Outlet(std::move(fd)), sys::Fd()).drain;
}

} // namespace output
