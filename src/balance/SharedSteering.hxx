#pragma once

#include "balance/Policies.hxx"

namespace balance {

/** One socket that every worker accepts from: whoever comes first gets the connection. */
class SharedSteering final : public net::Steering {
public:
    void Joined(const net::SlotSocket &) override {}
    void Left(const net::SlotSocket &) noexcept override {}
    void SetActive(std::span<const net::SlotSocket *const>) noexcept override {}
    net::TierReport Tier() const override { return {SHARED_QUEUE, ""}; }
};

} // namespace balance
