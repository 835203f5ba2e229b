#pragma once

#include "balance/KernelProgram.hxx"
#include "net/Steering.hxx"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

struct steering_state; // KernelState.h

namespace balance {

/** A reuseport group that is steered by a program in the kernel. */
class KernelGroup {
public:
    /** Throws std::system_error if the program's state cannot be mapped. */
    explicit KernelGroup(KernelProgram program);

    /** The same again, in a process that has inherited the descriptors. What the seats were given
     *  and what they are owed is in the kernel, and so is the active set. */
    explicit KernelGroup(const net::Steering::Description::Program &made);
    net::Steering::Description::Program Describe() const noexcept;
    ~KernelGroup() noexcept;

    KernelGroup(const KernelGroup &) = delete;
    KernelGroup &operator=(const KernelGroup &) = delete;

    /** A member; it goes by itself when it leaves the group. Returns 0 or errno, see
     *  sys::PutSocket. */
    int Put(const net::Seat &socket) noexcept;

    /** The whole set, from one packet to the next. A seat that was not in the last one begins
     *  afresh, owed nothing. */
    void SetActive(std::span<const net::Seat *const> active) noexcept;

    /** Steers the group of this member from now on: after Put() of all and SetActive(). Returns 0
     *  or errno. */
    int Attach(const net::ListenSpec &spec, const net::Seat &member) noexcept;

    bool ReadsQueues() const noexcept { return program.reads_queues; }
    bool Migrates() const noexcept { return program.migrates; }

    /** Connections or datagrams that the seat was given. */
    std::uint64_t Given(unsigned seat) const noexcept;

private:
    KernelProgram program;

    /** Shared with the kernel. */
    steering_state *state;

    /** By seat. */
    std::vector<bool> is_active;
};

} // namespace balance
