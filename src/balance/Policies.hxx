#pragma once

#include "net/Steering.hxx"

#include <array>
#include <memory>
#include <string_view>

namespace balance {

struct PolicyRow {
    std::string_view name, help;
    std::unique_ptr<net::SteeringPolicy> (*make)();
};

/** What `--balance` can name; the first is the default. */
extern const std::array<PolicyRow, 2> POLICIES;

} // namespace balance
