/* SPDX-License-Identifier: MIT */
/*
 * An ordered sequence of posts whose versions share what did not change: a counted B+-tree of
 * reference-counted nodes. A node that only the store's tree holds is changed in place; one that a
 * snapshot holds as well is copied first. Knows no ids: an item says where in the tree its post is.
 */
#ifndef COMMUNITYI_TREE_H
#define COMMUNITYI_TREE_H

#include <community/post.h>
#include <phx/ports.h>

typedef struct communityi_tree_node communityi_tree_node;

/* A post's place in the store's tree. Snapshots share the nodes that point here, and never look. */
typedef struct communityi_tree_item {
    communityi_tree_node *leaf; /* NULL until it is put in */
    const community_post *post; /* borrowed from the leaf */
} communityi_tree_item;

typedef struct communityi_tree {
    const phx_allocator *allocator;
    communityi_tree_node *root; /* NULL: no post */
    size_t count;
    communityi_tree_node *spares; /* linked through `parent` */
    size_t spare_count;
} communityi_tree;

void communityi_tree_init(communityi_tree *tree, const phx_allocator *allocator);
/* Lets go of all nodes and posts; the items are the caller's. */
void communityi_tree_clear(communityi_tree *tree);
/* The same, and of the spare nodes too. */
void communityi_tree_free(communityi_tree *tree);

/* Makes sure of the nodes that one removal, or one replacement, and one insertion can take. */
PHX_MUST_CHECK phx_status communityi_tree_reserve(communityi_tree *tree);
/* Those that communityi_tree_build takes for `count` posts. */
PHX_MUST_CHECK phx_status communityi_tree_reserve_build(communityi_tree *tree, size_t count);

/* Nodes were reserved. The tree retains what it keeps; item->post is what is put in. */
void communityi_tree_insert(communityi_tree *tree, size_t index, communityi_tree_item *item);
void communityi_tree_replace(communityi_tree *tree, size_t index, const community_post *post);
void communityi_tree_remove(communityi_tree *tree, size_t index);
/* Replaces the whole by items[count]. */
void communityi_tree_build(communityi_tree *tree, communityi_tree_item *const *items, size_t count);

/* Where the item is: it is in the tree. */
size_t communityi_tree_position(const communityi_tree_item *item);
/* index < count. */
communityi_tree_item *communityi_tree_at(const communityi_tree *tree, size_t index);

/* Has the processor fetch what the posts are held by that stand before `last`, the tree's last
 * item: in a full feed they go next, one an event, and have not been looked at for as long as they
 * were held. Changes nothing; returns the item before it, NULL: none in its leaf. */
communityi_tree_item *communityi_tree_prefetch(const communityi_tree_item *last);

/* For snapshots: any thread. */
communityi_tree_node *communityi_tree_node_retain(communityi_tree_node *node);
void communityi_tree_node_release(communityi_tree_node *node, const phx_allocator *allocator);
/* Of a root with `count` posts, copies the pointers of those from `first` on, at least one and at
 * most `capacity`, and returns how many. first < count. */
size_t communityi_tree_node_posts(const communityi_tree_node *root, size_t count, size_t first,
                                  const community_post **posts, size_t capacity);

#endif
