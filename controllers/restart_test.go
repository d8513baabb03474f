// Copyright 2026 The RoomSecret Authors
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"slices"
	"strings"
	"testing"

	. "github.com/onsi/gomega"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	roomv1alpha1 "github.com/roomsecrets/roomsecret-operator/api/v1alpha1"
)

// No controller of workloads runs here. What makes one replace pods is a change of the pod template, and each of those
// counts in the generation.

// newWorkload returns a workload that reads the Secret "app".
func (w *world) newWorkload(kind roomv1alpha1.WorkloadKind, name string) client.Object {
	labels := map[string]string{"app": name}
	meta := metav1.ObjectMeta{Namespace: w.ns, Name: name}
	selector := &metav1.LabelSelector{MatchLabels: labels}
	template := corev1.PodTemplateSpec{ObjectMeta: metav1.ObjectMeta{Labels: labels}, Spec: corev1.PodSpec{
		Containers: []corev1.Container{{Name: "app", Image: "app:1", EnvFrom: []corev1.EnvFromSource{{
			SecretRef: &corev1.SecretEnvSource{LocalObjectReference: corev1.LocalObjectReference{Name: "app"}},
		}}}},
	}}
	switch kind {
	case roomv1alpha1.KindStatefulSet:
		return &appsv1.StatefulSet{ObjectMeta: meta, Spec: appsv1.StatefulSetSpec{Selector: selector, Template: template}}
	case roomv1alpha1.KindDaemonSet:
		return &appsv1.DaemonSet{ObjectMeta: meta, Spec: appsv1.DaemonSetSpec{Selector: selector, Template: template}}
	case roomv1alpha1.KindDeployment:
	}
	return &appsv1.Deployment{ObjectMeta: meta, Spec: appsv1.DeploymentSpec{Selector: selector, Template: template}}
}

// restarts makes a pull restart a Deployment of the name "app", and others.
func restarts(more ...roomv1alpha1.Workload) func(*roomv1alpha1.RoomSecret) {
	return func(rs *roomv1alpha1.RoomSecret) {
		rs.Spec.Pull.Restart = append([]roomv1alpha1.Workload{{Kind: roomv1alpha1.KindDeployment, Name: "app"}}, more...)
	}
}

// rollouts returns a function that counts how often the pods of a workload were to be replaced.
func (w *world) rollouts(workload client.Object) func() (int64, error) {
	return func() (int64, error) {
		err := w.kube.Get(w.ctx, client.ObjectKeyFromObject(workload), workload)
		return workload.GetGeneration() - 1, err
	}
}

// stampOf returns what a RoomSecret has stated in the pod template of a Deployment.
func (w *world) stampOf(deployment client.Object, rs *roomv1alpha1.RoomSecret) string {
	w.t.Helper()
	var there appsv1.Deployment
	w.Expect(w.kube.Get(w.ctx, client.ObjectKeyFromObject(deployment), &there)).To(Succeed())
	return there.Spec.Template.Annotations["roomsecrets.io/content-"+string(rs.UID)]
}

func TestEachChangeRestartsAWorkloadOnce(t *testing.T) {
	t.Parallel()
	for _, kind := range []roomv1alpha1.WorkloadKind{roomv1alpha1.KindDeployment, roomv1alpha1.KindStatefulSet, roomv1alpha1.KindDaemonSet} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.put(w.key(own, "a"), "one")
			w.put(w.key(own, "b"), "two")
			w.withRoom()
			workload := w.newWorkload(kind, "app")
			w.create(workload)
			pull := w.newPull("app", []string{"a", "b"}, func(rs *roomv1alpha1.RoomSecret) {
				rs.Spec.Pull.Restart = []roomv1alpha1.Workload{{Kind: kind, Name: "app"}}
			})
			w.create(pull)
			w.settled(pull)
			count := w.rollouts(workload)
			w.Expect(count()).To(BeEquivalentTo(1), "the first time")
			w.Expect(pull.Status.Restarts).To(HaveLen(1))

			w.put(w.key(own, "a"), "1")
			w.Eventually(count).Should(BeEquivalentTo(2), "a value changes")
			edit(w, w.secret("app"), func(s *corev1.Secret) { s.Data["other"] = []byte("theirs") })
			edit(w, w.secret("app"), func(s *corev1.Secret) { metav1.SetMetaDataLabel(&s.ObjectMeta, "team", "x") })
			edit(w, pull, func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Pull.Target.Labels = map[string]string{"tier": "y"} })
			w.Eventually(func() map[string]string { return w.secret("app").Labels }).Should(HaveKey("tier"))
			w.settled(pull)
			w.Consistently(count).Should(BeEquivalentTo(2), "only labels and keys of others change")

			w.stopManager()
			w.startManager()
			edit(w, pull, func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Pull.Target.Labels["tier"] = "z" })
			w.settled(pull)
			w.Consistently(count).Should(BeEquivalentTo(2), "the operator is restarted")

			edit(w, w.secret("app"), func(s *corev1.Secret) { s.Data["a"] = []byte("tampered") })
			w.Eventually(w.secretValue("app", "a")).Should(Equal("1"))
			w.remove(w.secret("app"))
			w.Eventually(w.secretValue("app", "a")).Should(Equal("1"))
			w.settled(pull)
			w.Consistently(count).Should(BeEquivalentTo(2), "what was tampered with is put right")

			edit(w, pull, func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Pull.Entries = rs.Spec.Pull.Entries[:1] })
			w.Eventually(count).Should(BeEquivalentTo(3), "a key goes")
			w.remove(pull)
			w.Eventually(w.gone(pull)).Should(BeTrue())
			w.Consistently(count).Should(BeEquivalentTo(3), "the RoomSecret goes")
		})
	}
}

func TestSeveralRoomSecretsRestartOneWorkload(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(w.key(own, "a"), "one")
	w.withRoom()
	app := w.newWorkload(roomv1alpha1.KindDeployment, "app")
	w.create(app)
	first, second := w.newPull("first", []string{"a"}, restarts()), w.newPull("second", []string{"a"}, restarts())
	w.create(first, second)
	w.settled(first, second)
	w.Expect(w.rollouts(app)()).To(BeEquivalentTo(2))
	w.Expect(w.stampOf(app, first)).NotTo(Equal(w.stampOf(app, second)), "nobody can see that they have the same value")
	w.Consistently(w.rollouts(app)).Should(BeEquivalentTo(2))

	w.put(w.key(own, "a"), "two")
	w.Eventually(w.rollouts(app)).Should(BeEquivalentTo(4))
	w.settled(first, second)
	w.Consistently(w.rollouts(app)).Should(BeEquivalentTo(4))
	var managers []string
	for _, entry := range app.GetManagedFields() {
		if strings.HasPrefix(entry.Manager, "roomsecrets.io/") {
			managers = append(managers, entry.Manager)
		}
	}
	w.Expect(managers).To(ConsistOf("roomsecrets.io/"+string(first.UID), "roomsecrets.io/"+string(second.UID)))
}

func TestAWorkloadThatIsMissingIsNoProblem(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(w.key(own, "a"), "one")
	w.withRoom()
	pull := w.newPull("app", []string{"a"}, restarts(roomv1alpha1.Workload{Kind: roomv1alpha1.KindStatefulSet, Name: "db"}))
	w.create(pull)
	w.settled(pull)
	w.Expect(pull.Status.Restarts).To(HaveLen(2))

	app := w.newWorkload(roomv1alpha1.KindDeployment, "app")
	w.create(app)
	edit(w, pull, func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Pull.Restart = rs.Spec.Pull.Restart[:1] })
	w.settled(pull)
	w.Expect(pull.Status.Restarts).To(HaveLen(1))
	w.Consistently(w.rollouts(app)).Should(BeEquivalentTo(0), "its pods have read what is there")
	w.put(w.key(own, "a"), "two")
	w.Eventually(w.rollouts(app)).Should(BeEquivalentTo(1))
}

func TestAForgedStatusRestartsNothingAndHoldsNothingBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(w.key(own, "a"), "one")
	w.withRoom()
	app := w.newWorkload(roomv1alpha1.KindDeployment, "app")
	w.create(app)
	pull := w.newPull("app", []string{"a"}, restarts())
	w.create(pull)
	w.settled(pull)
	old := w.stampOf(app, pull)
	before, err := w.version(app)()
	w.Expect(err).NotTo(HaveOccurred())

	forge := func(restarts ...roomv1alpha1.RestartStatus) {
		w.Eventually(func() error {
			if err := w.kube.Get(w.ctx, client.ObjectKeyFromObject(pull), pull); err != nil {
				return err
			}
			pull.Status.Restarts = restarts
			return w.kube.Status().Update(w.ctx, pull)
		}).Should(Succeed())
	}
	remembered := func() []roomv1alpha1.RestartStatus {
		w.Expect(w.kube.Get(w.ctx, client.ObjectKeyFromObject(pull), pull)).To(Succeed())
		return pull.Status.Restarts
	}
	honest := remembered()
	for _, forged := range [][]roomv1alpha1.RestartStatus{nil, {{Kind: roomv1alpha1.KindDeployment, Name: "app", Digest: "forged"}}} {
		forge(forged...)
		w.stopManager()
		w.startManager()
		w.Eventually(remembered).Should(Equal(honest))
		w.Expect(w.version(app)()).To(Equal(before), "the same is stated again, which changes nothing")
	}

	w.put(w.key(own, "a"), "two")
	w.Eventually(w.rollouts(app)).Should(BeEquivalentTo(2))
	w.settled(pull)
	w.stopManager()
	forge(roomv1alpha1.RestartStatus{Kind: roomv1alpha1.KindDeployment, Name: "app", Digest: old})
	w.put(w.key(own, "a"), "one")
	w.startManager()
	w.Eventually(w.rollouts(app)).Should(BeEquivalentTo(3), "what is remembered does not hold a restart back")
	w.Expect(w.stampOf(app, pull)).To(Equal(old))
	w.Eventually(remembered).Should(Equal(honest))
}

func TestAnOperatorThatMayNotRestartSaysSo(t *testing.T) {
	t.Parallel()
	w := newStoppedWorld(t)
	w.startServer()
	w.user = "operator-of-" + w.ns
	w.grant("manager", rbacv1.PolicyRule{APIGroups: []string{"", "roomsecrets.io", "events.k8s.io"}, Resources: []string{"*"}, Verbs: []string{"*"}})
	w.put(w.key(own, "a"), "one")
	w.withRoom()
	app := w.newWorkload(roomv1alpha1.KindDeployment, "app")
	w.create(app)
	pull := w.newPull("app", []string{"a"}, restarts())
	w.create(pull)
	w.startManager()
	w.Eventually(w.state(pull)).Should(Equal("False/Rejected"))
	w.Expect(w.condition(pull, roomv1alpha1.ConditionReady).Message).To(ContainSubstring(`Deployment "app"`))
	w.Expect(w.secretValue("app", "a")()).To(Equal("one"))
	w.Expect(pull.Status.Summary.InSync).To(BeEquivalentTo(1))
	w.put(w.key(own, "a"), "two")
	w.Eventually(w.secretValue("app", "a")).Should(Equal("two"), "the rest goes on")

	w.grant("restarts", rbacv1.PolicyRule{APIGroups: []string{"apps"}, Resources: []string{"deployments"}, Verbs: []string{"patch"}})
	w.Eventually(func() (string, error) {
		edit(w, pull, func(rs *roomv1alpha1.RoomSecret) {
			metav1.SetMetaDataAnnotation(&rs.ObjectMeta, roomv1alpha1.AnnotationRequestedAt, rs.ResourceVersion)
		})
		return w.state(pull)()
	}).Should(Equal(inSync))
	w.Expect(w.rollouts(app)()).To(BeEquivalentTo(1))
}

// grant gives the user that the manager is rights in all namespaces.
func (w *world) grant(name string, rule rbacv1.PolicyRule) {
	w.t.Helper()
	role := &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: w.user + "-" + name}, Rules: []rbacv1.PolicyRule{rule}}
	w.create(role, &rbacv1.ClusterRoleBinding{
		ObjectMeta: role.ObjectMeta,
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role.Name},
		Subjects:   []rbacv1.Subject{{APIGroup: rbacv1.GroupName, Kind: rbacv1.UserKind, Name: w.user}},
	})
}

func TestAnOperatorWithoutRestartsWritesTheTarget(t *testing.T) {
	t.Parallel()
	w := newStoppedWorld(t)
	w.startServer()
	w.withoutRestarts = true
	w.put(w.key(own, "a"), "one")
	w.withRoom()
	app := w.newWorkload(roomv1alpha1.KindDeployment, "app")
	w.create(app)
	pull := w.newPull("app", []string{"a"}, restarts())
	w.create(pull)
	w.startManager()
	w.Eventually(w.state(pull)).Should(Equal("False/Unsupported"))
	w.Expect(w.condition(pull, roomv1alpha1.ConditionStalled)).NotTo(BeNil())
	w.Expect(w.secretValue("app", "a")()).To(Equal("one"))
	w.put(w.key(own, "a"), "two")
	w.Eventually(w.secretValue("app", "a")).Should(Equal("two"))
	w.Expect(w.rollouts(app)()).To(BeEquivalentTo(0))

	w.stopManager()
	w.withoutRestarts = false
	w.startManager()
	w.settled(pull)
	w.Expect(w.rollouts(app)()).To(BeEquivalentTo(1))
	edit(w, pull, func(rs *roomv1alpha1.RoomSecret) { rs.Spec.Pull.Restart = slices.Delete(rs.Spec.Pull.Restart, 0, 1) })
	w.settled(pull)
	w.Expect(pull.Status.Restarts).To(BeEmpty())
	w.Consistently(w.rollouts(app)).Should(BeEquivalentTo(1))
}

func TestATargetThatIsNotOursRestartsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.put(w.key(own, "a"), "one")
	w.withRoom()
	app := w.newWorkload(roomv1alpha1.KindDeployment, "app")
	w.create(app, w.theirs(allow("app")))
	pull := w.newPull("app", []string{"a", "b"}, adopt, restarts())
	w.create(pull)
	w.Eventually(w.state(pull)).Should(Equal("False/RoomSecretNotFound"))
	w.Consistently(w.rollouts(app)).Should(BeEquivalentTo(0))
	w.put(w.key(own, "b"), "two")
	w.settled(pull)
	w.Expect(w.rollouts(app)()).To(BeEquivalentTo(1))
}
