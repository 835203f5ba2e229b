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
    /** Throws std::system_error where the program's state cannot be mapped. */
    explicit KernelGroup(KernelProgram program);
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
    steering_state *state; // shared with the kernel
    std::vector<bool> is_active; // by seat
};

} // namespace balance
