#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace util {

/** Every list that a user can name is one table of rows that have at least `name` and `help`; the
 *  parser, `--list` and the tests of the documentation read the same rows. */
template <typename Table> constexpr bool NamesAreUnique(const Table &table) {
    for (std::size_t i = 0; i < table.size(); i++)
        for (std::size_t k = i + 1; k < table.size(); k++)
            if (table[i].name == table[k].name)
                return false;
    return true;
}

/** The row of that name, or nullptr. */
template <typename Table>
constexpr auto FindRow(const Table &table, std::string_view name) noexcept -> decltype(&table[0]) {
    for (const auto &row : table)
        if (row.name == name)
            return &row;
    return nullptr;
}

/** "random, none": the names of a table, for the part of a message that says what would be
 *  right. */
template <typename Table> std::string JoinNames(const Table &table) {
    std::string names;
    for (const auto &row : table) {
        if (!names.empty())
            names += ", ";
        names += row.name;
    }
    return names;
}

} // namespace util
