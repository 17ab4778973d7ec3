/* SPDX-License-Identifier: MIT */
/*
 * The tree's nodes. Two fields are the store's alone, also in a node that a snapshot holds too:
 * `parent`, and the items that a leaf points to. They are right in every node that the store's tree
 * reaches.
 *
 * A node that runs empty goes; nodes that are merely sparse are not merged. So the height is
 * bounded by the insertions ever made (16^height), not by the count; building anew packs the nodes
 * again.
 */
#include "community/tree.h"

#include <stdatomic.h>
#include <string.h>

#include "community/post_block.h"
#include "support/alloc.h"

enum {
    FAN_OUT = 16
};

typedef struct tree_slot {
    union {
        communityi_tree_node *child;
        const community_post *post;
    };
    union {
        size_t count; /* posts below the child */
        communityi_tree_item *item;
    };
} tree_slot;

struct communityi_tree_node {
    atomic_size_t references;
    communityi_tree_node *parent; /* NULL: the root */
    uint32_t level;               /* 0: a leaf */
    uint32_t used;
    tree_slot slots[FAN_OUT];
};

void communityi_tree_init(communityi_tree *tree, const phx_allocator *allocator)
{
    *tree = (communityi_tree){.allocator = allocator};
}

communityi_tree_node *communityi_tree_node_retain(communityi_tree_node *node)
{
    atomic_fetch_add_explicit(&node->references, 1, memory_order_relaxed);
    return node;
}

/* Recurses as deep as the tree is high. */
void communityi_tree_node_release(communityi_tree_node *node, const phx_allocator *allocator)
{
    if (atomic_fetch_sub_explicit(&node->references, 1, memory_order_acq_rel) != 1) {
        return;
    }
    for (uint32_t i = 0; i < node->used; i++) {
        if (node->level > 0) {
            communityi_tree_node_release(node->slots[i].child, allocator);
        } else {
            community_post_release(node->slots[i].post);
        }
    }
    phxi_free(allocator, node);
}

void communityi_tree_clear(communityi_tree *tree)
{
    if (tree->root != NULL) {
        communityi_tree_node_release(tree->root, tree->allocator);
    }
    tree->root = NULL;
    tree->count = 0;
}

void communityi_tree_free(communityi_tree *tree)
{
    communityi_tree_clear(tree);
    while (tree->spares != NULL) {
        communityi_tree_node *next = tree->spares->parent;
        phxi_free(tree->allocator, tree->spares);
        tree->spares = next;
    }
    tree->spare_count = 0;
}

static phx_status reserve_nodes(communityi_tree *tree, size_t count)
{
    while (tree->spare_count < count) {
        communityi_tree_node *node = phxi_alloc(tree->allocator, sizeof *node);
        if (node == NULL) {
            return PHX_ERROR_NO_MEMORY;
        }
        node->parent = tree->spares;
        tree->spares = node;
        tree->spare_count++;
    }
    return PHX_OK;
}

phx_status communityi_tree_reserve(communityi_tree *tree)
{
    /* The removal copies each node of its path; the insertion copies and splits each, and adds a
     * root. */
    size_t height = tree->root == NULL ? 0 : tree->root->level + 1;
    return reserve_nodes(tree, 3 * height + 1);
}

phx_status communityi_tree_reserve_build(communityi_tree *tree, size_t count)
{
    size_t nodes = 0;
    while (count > 1) {
        count = (count + FAN_OUT - 1) / FAN_OUT;
        nodes += count;
    }
    return reserve_nodes(tree, nodes == 0 ? 1 : nodes);
}

static communityi_tree_node *take_spare(communityi_tree *tree, uint32_t level)
{
    communityi_tree_node *node = tree->spares;
    tree->spares = node->parent;
    tree->spare_count--;
    atomic_init(&node->references, 1);
    node->parent = NULL;
    node->level = level;
    node->used = 0;
    return node;
}

/* What is in the slots from `first` on belongs to this node of the store's tree now. */
static void adopt(communityi_tree_node *node, uint32_t first)
{
    for (uint32_t i = first; i < node->used; i++) {
        if (node->level > 0) {
            node->slots[i].child->parent = node;
        } else {
            node->slots[i].item->leaf = node;
        }
    }
}

static communityi_tree_node *copy_node(communityi_tree *tree, const communityi_tree_node *node)
{
    communityi_tree_node *copy = take_spare(tree, node->level);
    copy->parent = node->parent;
    copy->used = node->used;
    memcpy(copy->slots, node->slots, node->used * sizeof(tree_slot));
    for (uint32_t i = 0; i < copy->used; i++) {
        if (copy->level > 0) {
            communityi_tree_node_retain(copy->slots[i].child);
        } else {
            community_post_retain(copy->slots[i].post);
        }
    }
    adopt(copy, 0);
    return copy;
}

/* The node at *link, which nobody else holds: itself, or a copy in its place. All above it were
 * made writable before, so that a reference of its own says that nobody else can reach it. */
static communityi_tree_node *writable(communityi_tree *tree, communityi_tree_node **link)
{
    communityi_tree_node *node = *link;
    if (atomic_load_explicit(&node->references, memory_order_acquire) > 1) {
        *link = copy_node(tree, node);
        communityi_tree_node_release(node, tree->allocator);
    }
    return *link;
}

/* The slot whose child holds the post at *index, which becomes relative to the child, as *count,
 * which is the node's. A full feed loses its last post with each new one: the end is looked at
 * first. */
static uint32_t descend(const communityi_tree_node *node, size_t *count, size_t *index)
{
    const uint32_t last = node->used - 1;
    const size_t before_last = *count - node->slots[last].count;
    if (*index >= before_last) {
        *index -= before_last;
        *count -= before_last;
        return last;
    }
    uint32_t i = 0;
    while (*index >= node->slots[i].count) {
        *index -= node->slots[i].count;
        i++;
    }
    *count = node->slots[i].count;
    return i;
}

/* A slot for a place to insert at: between two children it belongs to the first. */
static uint32_t descend_to_gap(const communityi_tree_node *node, size_t *index)
{
    uint32_t i = 0;
    while (*index > node->slots[i].count) {
        *index -= node->slots[i].count;
        i++;
    }
    return i;
}

static void open_slot(communityi_tree_node *node, uint32_t at)
{
    memmove(&node->slots[at + 1], &node->slots[at], (node->used - at) * sizeof(tree_slot));
    node->used++;
}

static size_t count_posts(const communityi_tree_node *node)
{
    size_t count = 0;
    for (uint32_t i = 0; i < node->used; i++) {
        count += node->level > 0 ? node->slots[i].count : 1;
    }
    return count;
}

/* Splits the full, writable child in the slot. A feed grows at its ends, so there almost all stays
 * together and the nodes become full. */
static void split_child(communityi_tree *tree, communityi_tree_node *parent, uint32_t at,
                        size_t index)
{
    communityi_tree_node *left = parent->slots[at].child;
    communityi_tree_node *right = take_spare(tree, left->level);
    size_t count = parent->slots[at].count;
    uint32_t kept = index == 0 ? 1 : index == count ? FAN_OUT - 1 : FAN_OUT / 2;
    right->used = left->used - kept;
    left->used = kept;
    memcpy(right->slots, &left->slots[kept], right->used * sizeof(tree_slot));
    adopt(right, 0);
    open_slot(parent, at + 1);
    right->parent = parent;
    parent->slots[at].count = count_posts(left);
    parent->slots[at + 1].child = right;
    parent->slots[at + 1].count = count - parent->slots[at].count;
}

/* A writable root that has room: if it was full, it is the only child of a new one. */
static communityi_tree_node *root_with_room(communityi_tree *tree)
{
    if (tree->root == NULL) {
        tree->root = take_spare(tree, 0);
    }
    communityi_tree_node *root = writable(tree, &tree->root);
    if (root->used == FAN_OUT) {
        tree->root = take_spare(tree, root->level + 1);
        tree->root->used = 1;
        tree->root->slots[0].child = root;
        tree->root->slots[0].count = tree->count;
        root->parent = tree->root;
    }
    return tree->root;
}

void communityi_tree_insert(communityi_tree *tree, size_t index, communityi_tree_item *item)
{
    communityi_tree_node *node = root_with_room(tree);
    while (node->level > 0) {
        uint32_t at = descend_to_gap(node, &index);
        if (writable(tree, &node->slots[at].child)->used == FAN_OUT) {
            split_child(tree, node, at, index);
            if (index > node->slots[at].count) {
                index -= node->slots[at].count;
                at++;
            }
        }
        node->slots[at].count++;
        node = node->slots[at].child;
    }
    open_slot(node, (uint32_t)index);
    node->slots[index].post = community_post_retain(item->post);
    node->slots[index].item = item;
    item->leaf = node;
    tree->count++;
}

void communityi_tree_replace(communityi_tree *tree, size_t index, const community_post *post)
{
    communityi_tree_node *node = writable(tree, &tree->root);
    size_t count = tree->count;
    while (node->level > 0) {
        uint32_t at = descend(node, &count, &index);
        node = writable(tree, &node->slots[at].child);
    }
    community_post_release(node->slots[index].post);
    node->slots[index].post = community_post_retain(post);
    node->slots[index].item->post = post;
}

/* Takes a slot, and what is below it, out of a writable node. */
static void close_slot(communityi_tree *tree, communityi_tree_node *node, uint32_t at)
{
    if (node->level > 0) {
        communityi_tree_node_release(node->slots[at].child, tree->allocator);
    } else {
        community_post_release(node->slots[at].post);
    }
    node->used--;
    memmove(&node->slots[at], &node->slots[at + 1], (node->used - at) * sizeof(tree_slot));
}

/* A root with a single child gives way to it. */
static void lower_root(communityi_tree *tree)
{
    while (tree->root->level > 0 && tree->root->used == 1) {
        communityi_tree_node *root = tree->root;
        tree->root = communityi_tree_node_retain(root->slots[0].child);
        tree->root->parent = NULL;
        communityi_tree_node_release(root, tree->allocator);
    }
}

void communityi_tree_remove(communityi_tree *tree, size_t index)
{
    if (tree->count == 1) {
        communityi_tree_clear(tree);
        return;
    }
    communityi_tree_node *node = writable(tree, &tree->root);
    uint32_t at = (uint32_t)index;
    size_t count = tree->count;
    while (node->level > 0) {
        at = descend(node, &count, &index);
        if (node->slots[at].count == 1) {
            break; /* the whole branch goes */
        }
        node->slots[at].count--;
        node = writable(tree, &node->slots[at].child);
        at = (uint32_t)index;
    }
    close_slot(tree, node, at);
    tree->count--;
    lower_root(tree);
}

static communityi_tree_node *build_node(communityi_tree *tree, uint32_t level, size_t span,
                                        communityi_tree_item *const *items, size_t count)
{
    communityi_tree_node *node = take_spare(tree, level);
    for (size_t first = 0; first < count; first += span) {
        tree_slot *slot = &node->slots[node->used++];
        if (level > 0) {
            slot->count = count - first < span ? count - first : span;
            slot->child = build_node(tree, level - 1, span / FAN_OUT, items + first, slot->count);
        } else {
            slot->item = items[first];
            slot->post = community_post_retain(items[first]->post);
        }
    }
    adopt(node, 0);
    return node;
}

void communityi_tree_build(communityi_tree *tree, communityi_tree_item *const *items, size_t count)
{
    communityi_tree_node *before = tree->root;
    uint32_t level = 0;
    size_t span = 1; /* posts below a slot of the root */
    while (span < count && (count - 1) / span >= FAN_OUT) {
        span *= FAN_OUT;
        level++;
    }
    tree->root = count == 0 ? NULL : build_node(tree, level, span, items, count);
    tree->count = count;
    if (before != NULL) {
        communityi_tree_node_release(before, tree->allocator);
    }
}

size_t communityi_tree_position(const communityi_tree_item *item)
{
    const communityi_tree_node *node = item->leaf;
    size_t position = 0;
    while (node->slots[position].item != item) {
        position++;
    }
    for (; node->parent != NULL; node = node->parent) {
        for (const tree_slot *slot = node->parent->slots; slot->child != node; slot++) {
            position += slot->count;
        }
    }
    return position;
}

/* The leaf that holds the post at *index of `count`, which becomes the slot in it. */
static const communityi_tree_node *find_leaf(const communityi_tree_node *node, size_t count,
                                             size_t *index)
{
    while (node->level > 0) {
        node = node->slots[descend(node, &count, index)].child;
    }
    return node;
}

communityi_tree_item *communityi_tree_at(const communityi_tree *tree, size_t index)
{
    return find_leaf(tree->root, tree->count, &index)->slots[index].item;
}

communityi_tree_item *communityi_tree_prefetch(const communityi_tree_item *last)
{
    const communityi_tree_node *leaf = last->leaf;
    if (leaf->used < 3) {
        return NULL;
    }
    const tree_slot *slot = &leaf->slots[leaf->used - 3];
    __builtin_prefetch(slot->item);
    communityi_post_prefetch(slot->post);
    return leaf->slots[leaf->used - 2].item;
}

size_t communityi_tree_node_posts(const communityi_tree_node *root, size_t count, size_t first,
                                  const community_post **posts, size_t capacity)
{
    const communityi_tree_node *leaf = find_leaf(root, count, &first);
    size_t copied = leaf->used - first < capacity ? leaf->used - first : capacity;
    for (size_t i = 0; i < copied; i++) {
        posts[i] = leaf->slots[first + i].post;
    }
    return copied;
}
