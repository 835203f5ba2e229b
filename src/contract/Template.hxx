#pragma once

#include "contract/Handover.hxx"

#include <array>
#include <string>
#include <string_view>

namespace contract {

struct TemplateRow {
    std::string_view name, help;
};

/** What can stand in braces; a base may stand before a number: {9230+slot}. */
extern const std::array<TemplateRow, 6> TEMPLATES;

/** Replaces what it knows for this worker; all other braces stay as they are. */
std::string Expand(std::string_view text, const Handover &handover);

} // namespace contract
