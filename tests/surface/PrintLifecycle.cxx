// What tools/lifecycle puts into ARCHITECTURE.md: the table of that name; without one, the names.

#include "LifecycleTable.hxx"

#include <cstdio>

int main(int argc, char **argv) {
    std::string text;
    for (const DocumentTable &table : DocumentTables())
        if (argc < 2)
            text.append(table.name).append("\n");
        else if (table.name == argv[1])
            text = RenderTable(table.rows);
    return std::fputs(text.c_str(), stdout) >= 0 && std::fflush(stdout) == 0 ? 0 : 1;
}
