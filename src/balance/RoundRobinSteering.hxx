#pragma once

#include "balance/KernelGroup.hxx"
#include "balance/Loader.hxx"
#include "balance/QueueWatch.hxx"
#include "balance/RandomSteering.hxx"
#include "net/Steering.hxx"

#include <optional>
#include <string>
#include <vector>

namespace balance {

/** Steers a reuseport group as well as it can be done here. For TCP: turns in the kernel that skip
 *  busy workers; turns in the kernel; or at random over the workers that keep up with their queues,
 *  which the launcher watches. For UDP: by flow, with a program in the kernel or with classic BPF.
 *  Classic BPF is there from the start, and until the kernel's program is loaded. */
class RoundRobinSteering final : public net::Steering, private LoadClient {
public:
    /** All is borrowed; `_spec` is that of the group. `settled` is called when Tier() changes after
     *  the first SetActive(). */
    RoundRobinSteering(const net::ListenSpec &spec, loop::Loop &loop, Loader &loader,
                       util::BoundMethod<void(const net::Steering &)> settled);
    ~RoundRobinSteering() noexcept override;

    void Joined(const net::Seat &socket) override;
    void Left(const net::Seat &socket) noexcept override;
    void SetActive(std::span<const net::Seat *const> active) noexcept override;
    net::Standing Keeps(const net::Seat &socket) const noexcept override {
        return watch ? watch->Keeps(socket) : net::Standing::ACTIVE;
    }
    bool CanRescue() const noexcept override { return kernel && kernel->Migrates(); }
    std::optional<std::uint64_t> Given(const net::Seat &socket) const noexcept override;
    Description Describe() const override;
    void Resume(const Description &made, const std::deque<net::Seat> &seats) override;
    net::TierReport Tier() const override;

private:
    bool IsInGroup(const net::Seat &socket) const noexcept;
    void Begin() noexcept;
    void OnLoaded(Loaded loaded) noexcept override;
    int Enter(KernelProgram program);
    void FallBack(int error) noexcept;
    void Watch() noexcept;
    void WatchOver(std::span<const net::Seat *const> sockets) noexcept;
    void OnWatched() noexcept;

    const net::ListenSpec &spec;
    const int type; // of the sockets
    loop::Loop &loop;
    Loader &loader;
    const util::BoundMethod<void(const net::Steering &)> settled;

    std::vector<const net::Seat *> members; // in the kernel's order
    std::vector<const net::Seat *> active;
    bool begun = false, loading = false, reserved = false;
    std::string lacks; // what the next better tier would need

    // One of these two is in charge.
    std::optional<RandomSteering> classic;
    std::optional<KernelGroup> kernel;
    std::optional<QueueWatch> watch; // beside `classic`
};

/** The tier that a group of this socket type will have, as far as it can be told without one: tries
 *  to load. */
net::TierReport ForeseeRoundRobin(int type);

} // namespace balance
