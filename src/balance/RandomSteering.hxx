#pragma once

#include "balance/ClassicProgram.hxx"
#include "net/Steering.hxx"

#include <string_view>
#include <vector>

namespace balance {

inline constexpr std::string_view CLASSIC_BPF = "classic BPF";

/** Does the kernel take classic BPF for a group of sockets, as all do but some sandboxes? Tried on
 *  a socket that goes again. Returns 0, or the errno of the refusal. */
int TryClassic() noexcept;

/** Steers a reuseport group with classic BPF, which needs no privilege: at random for TCP, by flow
 *  for UDP. If the kernel refuses the program after all, it spreads by its own hash over all
 *  sockets. It owns nothing: the program is the group's, and another one replaces it. */
class RandomSteering final : public net::Steering {
public:
    /** `_spec` is borrowed: that of the group. */
    RandomSteering(const net::ListenSpec &_spec, Choice _choice) noexcept
        : spec(_spec), choice(_choice) {}

    void Joined(const net::Seat &socket) override { members.push_back(&socket); }
    void Left(const net::Seat &socket) noexcept override;
    void SetActive(std::span<const net::Seat *const> set) noexcept override;
    Description Describe() const override;
    net::TierReport Tier() const override;

private:
    std::vector<unsigned> ActiveIndices() const;
    void Avoid(std::size_t leaving) const noexcept;
    int Install(std::span<const unsigned> indices) const noexcept;

    const net::ListenSpec &spec;
    const Choice choice;
    std::vector<const net::Seat *> members; // in the kernel's order
    std::vector<bool> active; // by seat
    int refused = 0; // errno of the last attach that failed
};

} // namespace balance
