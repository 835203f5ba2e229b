#pragma once

#include "Servers.hxx"

#include <optional>
#include <string>
#include <sys/types.h>

/** What a client sends: one request on a connection of its own, which the server closes. */
std::string Question(const Server &server, const std::string &directory);

/** The process that answered; nothing where the reply is no success or is cut off. */
std::optional<pid_t> AnsweredBy(const Server &server, const std::string &reply);
