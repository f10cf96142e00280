/* SPDX-License-Identifier: Apache-2.0 */
/* Code of somebody else that is called in an actor for a moment, and may end it. */
#ifndef TROUPE_ACTOR_GUEST_H
#define TROUPE_ACTOR_GUEST_H

/** From here on the calling actor runs code of `name`, until NULL is said: tr_exit in it ends the actor with
 * [in, name, reason], so that everybody hears whose code it was. Borrowed until then, or until the actor's end. */
void actor_guest(const char *name);

#endif
