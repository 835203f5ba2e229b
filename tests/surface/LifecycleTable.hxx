#pragma once

#include <string>
#include <string_view>
#include <vector>

/** One step of a life table: the names of a state, a trigger, the next state, and an action or
 *  none. */
struct LifeRow {
    std::string_view state, trigger, next, action;
};

/** A table of Markdown with a row for each state and a newline after each row: "trigger, trigger →
 *  next state: action · …". */
std::string RenderLife(const std::vector<LifeRow> &rows);

/** A table of the code that ARCHITECTURE.md shows between <!-- NAME --> and <!-- /NAME -->. */
struct LifeTable {
    std::string_view name;
    std::vector<LifeRow> rows;
};

std::vector<LifeTable> LifeTables();
