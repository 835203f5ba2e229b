#pragma once

#include "contract/Handover.hxx"
#include "spawn/Environment.hxx"

#include <array>
#include <optional>
#include <string_view>
#include <vector>

namespace contract {

/** One way to announce descriptors. */
struct Contract {
    std::string_view name, help;
    bool automatic; // part of `auto`
    int stop_signal; // what its programs expect; 0: nothing special
    bool nonblocking; // its programs expect O_NONBLOCK on what they inherit
    void (*render)(const Handover &handover, spawn::Environment &env);
    bool notifies = false; // its programs say READY=1 to NOTIFY_SOCKET
};

extern const std::array<Contract, 8> CONTRACTS;

using ContractList = std::vector<const Contract *>;

/** `auto`, `none` or names with commas between them; each once, in the order of the table. Throws
 *  util::UserError. */
ContractList ParseContracts(std::string_view text);

/** Sets what every worker finds, whatever the contract. */
void RenderAlways(const Handover &handover, spawn::Environment &env);

} // namespace contract
