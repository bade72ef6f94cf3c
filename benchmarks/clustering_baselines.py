"""The rules our grouping is compared with, each from its description: Immich, DBSCAN, HDBSCAN, Chinese whispers, UPGMA.

Every function takes unit vectors (N, d) or a similarity graph of them and returns labels (N,), -1 for "no person".
Exact neighbours throughout, so no rule suffers from an approximate index.
"""

from collections import Counter

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components


def similarity_graph(vectors: np.ndarray, floor: float) -> csr_matrix:
    """All pairs with similarity >= `floor` (self included), as CSR (N, N)."""
    rows, cols, values = [], [], []
    for start in range(0, len(vectors), 2048):
        s = vectors[start : start + 2048] @ vectors.T
        r, c = np.nonzero(s >= floor)
        rows.append(r + start)
        cols.append(c)
        values.append(s[r, c])
    n = len(vectors)
    return csr_matrix((np.concatenate(values), (np.concatenate(rows), np.concatenate(cols))), shape=(n, n))


def immich(graph: csr_matrix, max_distance: float, min_faces: int) -> np.ndarray:
    """Immich's `handleRecognizeFaces`: a neighbour's person, else a core face founds one, else one deferred retry."""
    n = graph.shape[0]
    near = []
    for i in range(n):
        cols, values = (
            graph.indices[graph.indptr[i] : graph.indptr[i + 1]],
            graph.data[graph.indptr[i] : graph.indptr[i + 1]],
        )
        keep = values >= 1 - max_distance
        near.append(cols[keep][np.argsort(-values[keep], kind="stable")])
    person = np.full(n, -1)
    people = 0
    deferred: list[int] = []
    for queue, retry in ((range(n), False), (deferred, True)):
        for i in queue:
            matches = near[i][:min_faces]  # counts the face itself
            core = len(matches) >= min_faces
            if min_faces > 1 and len(matches) <= 1:
                continue
            if not core and not retry:
                deferred.append(i)
                continue
            known = near[i][person[near[i]] >= 0]  # the first of `matches` with a person, else the nearest one with
            if len(known):
                person[i] = person[known[0]]
            elif core:
                person[i] = people
                people += 1
    return person


def dbscan(graph: csr_matrix, max_distance: float, min_faces: int) -> np.ndarray:
    """Core points within `max_distance` of one another share a cluster; border points join their nearest core."""
    kept = graph.copy()
    kept.data = np.where(kept.data >= 1 - max_distance, kept.data, 0)
    kept.eliminate_zeros()
    core = np.diff(kept.indptr) >= min_faces
    labels = np.full(graph.shape[0], -1)
    labels[core] = connected_components(kept[core][:, core], directed=False)[1]
    for i in np.flatnonzero(~core):
        cols, values = kept.indices[kept.indptr[i] : kept.indptr[i + 1]], kept.data[kept.indptr[i] : kept.indptr[i + 1]]
        near = core[cols]
        if near.any():
            labels[i] = labels[cols[near][np.argmax(values[near])]]
    return labels


def chinese_whispers(graph: csr_matrix, min_similarity: float, rounds: int = 20, seed: int = 0) -> np.ndarray:
    """Every node takes the label with the largest summed similarity among its neighbours, in random order."""
    kept = graph.copy()
    kept.setdiag(0)
    kept.data = np.where(kept.data >= min_similarity, kept.data, 0)
    kept.eliminate_zeros()
    labels = np.arange(graph.shape[0])
    rng = np.random.default_rng(seed)
    for _ in range(rounds):
        changed = 0
        for i in rng.permutation(graph.shape[0]):
            votes: Counter[int] = Counter()
            for p in range(kept.indptr[i], kept.indptr[i + 1]):
                votes[labels[kept.indices[p]]] += kept.data[p]
            if votes and (best := max(votes, key=lambda v: (votes[v], -v))) != labels[i]:
                labels[i] = best
                changed += 1
        if not changed:
            break
    return labels


def average_linkage_tree(vectors: np.ndarray) -> np.ndarray:
    """UPGMA over cosine distance (scipy's tree; quadratic memory): cut it with `cut_tree`."""
    return linkage(vectors.astype(np.float32), "average", metric="cosine")


def cut_tree(tree: np.ndarray, min_similarity: float) -> np.ndarray:
    return fcluster(tree, 1 - min_similarity, criterion="distance")


def hdbscan(vectors: np.ndarray, min_cluster_size: int, min_samples: int) -> np.ndarray:
    """HDBSCAN (Campello 2013) with excess-of-mass selection, over Euclidean distance of unit vectors."""
    n = len(vectors)
    core = np.empty(n)
    for start in range(0, n, 2048):
        s = vectors[start : start + 2048] @ vectors.T
        kth = np.partition(s, n - min_samples, axis=1)[:, n - min_samples]
        core[start : start + 2048] = np.sqrt(np.maximum(2 - 2 * kth, 0))
    return _excess_of_mass(_single_linkage(_reachability_tree(vectors, core), n), n, min_cluster_size)


def _reachability_tree(vectors: np.ndarray, core: np.ndarray) -> np.ndarray:
    """Prim's minimum spanning tree under mutual reachability: rows (a, b, distance), ascending."""
    n = len(vectors)
    outside = np.ones(n, bool)
    best, parent = np.full(n, np.inf), np.zeros(n, np.int64)
    edges = np.empty((n - 1, 3))
    at = 0
    for e in range(n - 1):
        outside[at] = False
        reach = np.maximum(np.sqrt(np.maximum(2 - 2 * (vectors @ vectors[at]), 0)), np.maximum(core, core[at]))
        closer = reach < best
        best[closer], parent[closer] = reach[closer], at
        at = int(np.argmin(np.where(outside, best, np.inf)))
        edges[e] = parent[at], at, best[at]
    return edges[np.argsort(edges[:, 2], kind="stable")]


def _single_linkage(edges: np.ndarray, n: int) -> list[tuple[int, int, float, int]]:
    """scipy-like merge rows (left, right, distance, size) from a spanning tree."""
    root, size = list(range(2 * n - 1)), [1] * n + [0] * (n - 1)

    def find(x: int) -> int:
        while root[x] != x:
            root[x] = root[root[x]]
            x = root[x]
        return x

    rows = []
    for i, (a, b, distance) in enumerate(edges):
        left, right = find(int(a)), find(int(b))
        root[left] = root[right] = n + i
        size[n + i] = size[left] + size[right]
        rows.append((left, right, float(distance), size[n + i]))
    return rows


def _excess_of_mass(rows: list[tuple[int, int, float, int]], n: int, min_size: int) -> np.ndarray:
    """Condense the tree to clusters of at least `min_size`, keep the set with the largest total stability."""

    def size(node: int) -> int:
        return 1 if node < n else rows[node - n][3]

    def leaves(node: int) -> list[int]:
        stack, out = [node], []
        while stack:
            x = stack.pop()
            if x < n:
                out.append(x)
            else:
                stack += rows[x - n][:2]
        return out

    birth, stability, members = [0.0], [0.0], [leaves(2 * n - 2)]
    children: list[list[int]] = [[]]
    stack = [(2 * n - 2, 0)]
    while stack:
        node, cluster = stack.pop()
        if node < n:
            continue
        left, right, distance, _ = rows[node - n]
        density = 1 / max(distance, 1e-12)
        big = [child for child in (left, right) if size(child) >= min_size]
        if len(big) == 2:
            stability[cluster] += (density - birth[cluster]) * size(node)
            for child in big:
                children[cluster].append(len(birth))
                stack.append((child, len(birth)))
                birth.append(density)
                stability.append(0.0)
                children.append([])
                members.append(leaves(child))
            continue
        for child in (left, right):
            if big == [child]:
                stack.append((child, cluster))
            else:
                stability[cluster] += (density - birth[cluster]) * size(child)
    chosen = [True] * len(birth)
    total = stability.copy()
    for c in reversed(range(1, len(birth))):  # children come after their parents
        below = sum(total[k] for k in children[c])
        if below > stability[c]:
            chosen[c], total[c] = False, below
    labels = np.full(n, -1)
    stack2 = list(children[0])
    while stack2:
        c = stack2.pop()
        if chosen[c]:
            labels[members[c]] = c
        else:
            stack2 += children[c]
    return labels
