/* SPDX-License-Identifier: Apache-2.0 */
/** Which addresses and hosts a plugin keeps away from. Pure functions. */
#ifndef TROUPE_PLUGINS_SHARED_ADDRESS_H
#define TROUPE_PLUGINS_SHARED_ADDRESS_H

#include <sys/socket.h>
#include <troupe/value.h>

/* A name often has two addresses, and a server may listen at the second alone: localhost is ::1 and 127.0.0.1. */
#define ADDRESS_TRIES 4u

/** An address of this link only, or one where a cloud tells its machines their secrets: no task means these by
 * accident. They need the grant net:link-local. */
bool address_is_local(const struct sockaddr *address);
/** The same of a text; false for a host's name. */
bool address_text_is_local(const char *text);
/** The first of a list of addresses (texts) that may be tried, at most ADDRESS_TRIES, in the order given: those of this
 * link only are left out unless link_local is true. Fresh. */
tr_value address_list_tries(tr_value addresses, bool link_local);
/** Is the address in one of the networks ("10.0.0.0/8", "fd00::/8", or one address) of a list of texts? Texts that are
 * no networks do not count. */
bool address_in(const struct sockaddr *address, tr_value networks);
/** The first of a list that is neither a host's name nor an address or network (borrowed); absent when all are. */
tr_value address_list_fault(tr_value list);
/** Is the host one of a list: its name, "*.domain" for all below, or a network that a literal address is in? */
bool host_in(const char *host, tr_value list);

#endif
