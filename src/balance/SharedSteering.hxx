#pragma once

#include "balance/Policies.hxx"

#include <string>
#include <utility>

namespace balance {

/** One socket that every worker accepts from: whoever comes first gets the connection. */
class SharedSteering final : public net::Steering {
public:
    /** `_lacks`: what keeps the sockets from being more than one, where that was not wanted. */
    explicit SharedSteering(std::string _lacks = {}) : lacks(std::move(_lacks)) {}

    void Joined(const net::Seat &) override {}
    void Left(const net::Seat &) noexcept override {}
    void SetActive(std::span<const net::Seat *const>) noexcept override {}
    net::TierReport Tier() const override { return {SHARED_QUEUE, lacks}; }

private:
    const std::string lacks;
};

} // namespace balance
