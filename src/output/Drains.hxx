#pragma once

#include "output/Drain.hxx"

#include <list>

namespace output {

/** The drains of the launcher's own descriptors: where two of them lead to the same place (2>&1),
 *  it is one drain, so that lines do not tear each other. */
class Drains {
public:
    /** `loop` is borrowed. */
    explicit Drains(loop::Loop &_loop) noexcept : loop(_loop) {}

    Drain &Borrow(sys::Fd fd);
    Drain &Own(sys::UniqueFd fd);

private:
    struct Entry {
        Entry(loop::Loop &loop, report::Outlet &&outlet, sys::Fd _fd) noexcept
            : drain(loop, std::move(outlet), Drain::Gone::CLOSE), fd(_fd) {}

        Drain drain;
        const sys::Fd fd; // undefined: it is nobody else's
    };

    loop::Loop &loop;
    std::list<Entry> entries;
};

} // namespace output
